"""What sealing costs: bills are added to the service, and to the same without sealing, each on a log of its own."""

from collections.abc import Sequence
from contextlib import ExitStack

from tests.bench.results import Effort, Figure, Measurement
from tests.bench.rounds import WARM_UP_SECONDS_MAX, Round, described, figures_of, take_round
from tests.bench.services import Running
from tests.bench.site import Site, opened_site
from tests.bench.writing import CONNECTIONS, adding_over

SELECT_UNSEALED = "SELECT (SELECT position FROM ledger.log_head) - (SELECT max(position) FROM ledger.links)"


def measure(effort: Effort) -> Measurement:
    """POST /v1/folios/{folioId}/bills with sealing and without, and how far it is behind. Raises CannotMeasure."""
    with ExitStack() as stack:
        sites = [stack.enter_context(opened_site(effort.folder)) for _ in range(2)]
        sealed, unsealed = stack.enter_context(sites[0].folio()), stack.enter_context(sites[1].unsealed())
        rounds = in_turn([(sites[0], sealed), (sites[1], unsealed)], effort)
        behind = events_behind(sites[0])
    return Measurement(
        "sealing",
        "Add a bill, with and without sealing",
        f"{CONNECTIONS} connections, 900 folios, each service on a log of its own",
        [*figures_of(rounds, unsealed.name), Figure("events not linked at the end", "", sealed.name, behind)],
        [one.kept for one in rounds],
    )


def in_turn(services: Sequence[tuple[Site, Running]], effort: Effort) -> list[Round]:
    """Load each on its own site, again and again. Raises CannotMeasure."""
    loading, rounds = adding_over(CONNECTIONS), []
    for _, service in services:
        effort.say(f"warming {service.name} up")
        loading(service, min(effort.seconds, WARM_UP_SECONDS_MAX))
    for number in range(1, effort.rounds + 1):
        for site, service in services:
            rounds.append(take_round(site, service, loading, number, effort.seconds))
            effort.say(described(rounds[-1], effort.rounds))
    return rounds


def events_behind(site: Site) -> float:
    """How many events have no link yet."""
    with site.connect() as connection:
        row = connection.execute(SELECT_UNSEALED.encode()).fetchone()
    return float(str(row[0])) if row else 0.0
