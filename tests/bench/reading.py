"""Reading bills that are current over 32 connections, against the same query without a service around it."""

from contextlib import ExitStack
from dataclasses import replace

from tests.bench.given import add_bills, written_lines
from tests.bench.loader import Load, load
from tests.bench.results import Effort, Figure, Measurement
from tests.bench.rounds import Round, alternate, figures_of
from tests.bench.services import Running
from tests.bench.site import opened_site
from tests.bench.steady import PER_SECOND, Written, writing_steadily

CONNECTIONS = 32
BILLS = 1_000
BESIDE_WRITES = ", beside writes"


def measure(effort: Effort) -> Measurement:
    """GET /v1/bills/{id}, idle of writes and with writes beside. Raises CannotMeasure."""
    with opened_site(effort.folder) as site, ExitStack() as stack:
        services = [stack.enter_context(start()) for start in (site.folio, site.reader)]
        effort.say(f"adding {BILLS:,} bills")
        paths = stack.enter_context(written_lines([f"/v1/bills/{bill}" for bill in add_bills(services[0], BILLS)]))

        def loading(service: Running, seconds: int) -> Load:
            return load(service, "get_any.lua", CONNECTIONS, seconds, PATHS=paths)

        idle = alternate(site, services, loading, effort)
        with writing_steadily(services[0]) as written:
            busy = [beside_writes(one) for one in alternate(site, services, loading, effort)]
    return Measurement(
        "reading",
        "Read a bill",
        f"{CONNECTIONS} connections, {BILLS:,} bills at random, answers that hold everything committed before; beside"
        f" writes: with {PER_SECOND} bills a second added through the service at the same time, whose costs are"
        " included",
        [*figures_of(idle, "read"), *figures_beside_writes(busy), *figures_of_writes(written)],
        [one.kept for one in [*idle, *busy]],
    )


def beside_writes(one: Round) -> Round:
    """The round under the name that tells it from those without writes."""
    return replace(one, of=one.of + BESIDE_WRITES)


def figures_beside_writes(rounds: list[Round]) -> list[Figure]:
    """The figures of rounds with writes beside, on the lines of those without."""
    return [
        replace(figure, name=figure.name.removesuffix(BESIDE_WRITES))
        for figure in figures_of(rounds, "read" + BESIDE_WRITES)
    ]


def figures_of_writes(written: Written) -> list[Figure]:
    """How the writes beside went."""
    of = "folio" + BESIDE_WRITES
    return [
        Figure("bills added beside", "1/s", of, written.taken / written.seconds),
        Figure("bills refused beside", "", of, written.refused),
    ]
