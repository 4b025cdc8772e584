"""Adding bills over 32 connections, against both peers."""

from contextlib import ExitStack

from tests.bench.loader import Load, load
from tests.bench.results import Effort, Measurement
from tests.bench.rounds import Loading, alternate, figures_of
from tests.bench.services import Running
from tests.bench.site import opened_site

CONNECTIONS = 32


def measure(effort: Effort) -> Measurement:
    """POST /v1/folios/{folioId}/bills. Raises CannotMeasure."""
    with opened_site(effort.folder) as site, ExitStack() as stack:
        services = [stack.enter_context(start()) for start in (site.folio, site.crud, site.plain)]
        rounds = alternate(site, services, adding_over(CONNECTIONS), effort)
    return Measurement(
        "writing",
        "Add a bill",
        f"{CONNECTIONS} connections, 900 folios, every command under an Idempotency-Key of its own",
        figures_of(rounds, "crud"),
        [one.kept for one in rounds],
    )


def adding_over(connections: int) -> Loading:
    """The load of this measurement over a number of connections."""

    def loading(service: Running, seconds: int) -> Load:
        return load(service, "add_bill.lua", connections, seconds)

    return loading
