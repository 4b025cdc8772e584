"""Adding payments to 1,000 open bills over 32 connections, against both peers."""

from contextlib import ExitStack

from tests.bench.given import add_bills, written_lines
from tests.bench.loader import Load, load
from tests.bench.results import Effort, Measurement
from tests.bench.rounds import alternate, figures_of
from tests.bench.services import Running
from tests.bench.site import opened_site

CONNECTIONS = 32
BILLS = 1_000


def measure(effort: Effort) -> Measurement:
    """POST /v1/bills/{id}/payments. Raises CannotMeasure."""
    with opened_site(effort.folder) as site, ExitStack() as stack:
        services = [stack.enter_context(start()) for start in (site.folio, site.crud, site.plain)]
        files = {}
        for service in services:
            effort.say(f"adding {BILLS:,} bills to {service.name}")
            files[service.name] = stack.enter_context(written_lines(add_bills(service, BILLS)))

        def loading(service: Running, seconds: int) -> Load:
            return load(service, "add_payment.lua", CONNECTIONS, seconds, IDS=files[service.name])

        rounds = alternate(site, services, loading, effort)
    return Measurement(
        "paying",
        "Add a payment",
        f"{CONNECTIONS} connections, {BILLS:,} open bills in turn, every command under an Idempotency-Key of its own",
        figures_of(rounds, "crud"),
        [one.kept for one in rounds],
    )
