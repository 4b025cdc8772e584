"""Adding bills over one connection, against both peers: what a command takes when nobody else asks."""

from contextlib import ExitStack

from tests.bench.results import Effort, Measurement
from tests.bench.rounds import alternate, figures_of
from tests.bench.site import opened_site
from tests.bench.writing import adding_over


def measure(effort: Effort) -> Measurement:
    """POST /v1/folios/{folioId}/bills, one after the other. Raises CannotMeasure."""
    with opened_site(effort.folder) as site, ExitStack() as stack:
        services = [stack.enter_context(start()) for start in (site.folio, site.crud, site.plain)]
        rounds = alternate(site, services, adding_over(1), effort)
    return Measurement(
        "alone",
        "Add a bill, alone",
        "1 connection, 900 folios, every command under an Idempotency-Key of its own",
        figures_of(rounds, "crud"),
        [one.kept for one in rounds],
    )
