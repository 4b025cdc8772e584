"""What becomes slower as the log grows: commands, list pages, the rebuild of the read models."""

from contextlib import ExitStack
from dataclasses import asdict, replace
from typing import Any

from tests.bench.failing import CannotMeasure
from tests.bench.filling import Copies, record_pattern
from tests.bench.given import client_of, taken
from tests.bench.listing import CONNECTIONS as LISTING_CONNECTIONS
from tests.bench.listing import PAGE, list_pages
from tests.bench.loader import Load
from tests.bench.rebuilding import Rebuilt, rebuild
from tests.bench.results import Effort, Figure, Measurement
from tests.bench.rounds import Round, alternate, figures_of, ratio
from tests.bench.services import Running
from tests.bench.site import Site, opened_site
from tests.bench.writing import CONNECTIONS, adding_over

EMPTY = "empty log"


def measure(effort: Effort) -> Measurement:
    """At each size: rebuild, commands in turn with a service on an empty log, pages. Raises CannotMeasure."""
    measurement = Measurement(
        "growing",
        "Growth",
        f"the log holds so many bills at the start, made of 2,000 real ones; commands: {CONNECTIONS} connections add"
        f" bills, in turn with a service on an empty log of its own; pages: {PAGE} bills of a hotel that has a"
        f" quarter of them, {LISTING_CONNECTIONS} connection; rebuild: all read models, nothing else running",
    )
    with opened_site(effort.folder) as site:
        effort.say("recording bills to copy")
        with site.folio() as folio:
            copies = Copies(site, record_pattern(site, folio))
        for size in sorted(effort.bills):
            bills = copies.fill(size, effort.say)
            measure_size(site, effort, measurement, f"{size:,} bills", bills)
    return measurement


def measure_size(site: Site, effort: Effort, measurement: Measurement, of: str, bills: int) -> None:
    """Measure everything at one size. Raises CannotMeasure."""
    effort.say(f"rebuilding the read models of {bills:,} bills")
    rebuilt = rebuild(site)
    effort.say(f"rebuilt {rebuilt.events:,} events at {rebuilt.per_second:,.0f}/s")
    with ExitStack() as stack:
        empty_site = stack.enter_context(opened_site(effort.folder))
        empty = replace(stack.enter_context(empty_site.folio()), name=f"{EMPTY}, beside {of}")
        grown = replace(stack.enter_context(site.folio()), name=of)
        use(grown)
        effort.say(f"listing pages at {bills:,} bills")
        pages = list_pages(site, grown, effort.seconds)
        rounds = alternate(site, [grown, empty], adding_over(CONNECTIONS), effort)
    measurement.figures += [
        *figures_of_commands(rounds, of, empty.name),
        *figures_of_pages(pages, of),
        *figures_of_rebuild(rebuilt, of),
    ]
    measurement.rounds += [one.kept for one in rounds] + [kept_page(name, page, of) for name, page in pages.items()]
    measurement.rounds.append({"of": of, "bills": bills, "rebuild": asdict(rebuilt)})


def use(folio: Running) -> None:
    """Pay a copied bill and see it paid: what was made in SQL is as good as any. Raises CannotMeasure."""
    with client_of(folio) as client:
        pages = [taken(client.get(f"/v1/accommodations/HOTEL-{hotel}/bills?limit=1")).json() for hotel in (1, 2)]
        for bill in (page["items"][0]["id"] for page in pages):
            payment = {"paymentMethod": "CARD", "amount": 1, "paidAt": "2026-11-22T14:00:00+09:00"}
            paid = taken(client.post(f"/v1/bills/{bill}/payments", json=payment)).json()["id"]
            seen = taken(client.get(f"/v1/bills/{bill}")).json()["payments"]
            if paid not in {each["id"] for each in seen}:
                raise CannotMeasure(f"the copied bill {bill} does not show its payment {paid}")


def figures_of_commands(rounds: list[Round], of: str, empty: str) -> list[Figure]:
    """The commands of this size, and what they are of those on an empty log in the same rounds."""
    figures = figures_of(rounds)
    medians = {figure.of: figure.value for figure in figures if figure.name == "throughput"}
    beside = replace(next(each for each in figures if (each.name, each.of) == ("throughput", empty)), of=of)
    return [
        *(replace(figure, name=f"commands: {figure.name}") for figure in figures if figure.of == of),
        replace(beside, name="commands on an empty log beside: throughput"),
        Figure("commands: throughput, against an empty log", "times", of, ratio(medians[of], medians[empty])),
    ]


def figures_of_pages(pages: dict[str, Load], of: str) -> list[Figure]:
    """The latencies of list pages; none when one was refused."""
    return [
        Figure(f"{name}: {percent}", "ms", of, milliseconds if page.refused == 0 else None)
        for name, page in pages.items()
        for percent, milliseconds in (("p50", page.p50_milliseconds), ("p99", page.p99_milliseconds))
    ]


def figures_of_rebuild(rebuilt: Rebuilt, of: str) -> list[Figure]:
    """How the rebuild went."""
    return [
        Figure("rebuild: events", "", of, rebuilt.events),
        Figure("rebuild: rate", "1/s", of, rebuilt.per_second),
        Figure("rebuild: memory, peak", "MiB", of, rebuilt.memory_mebibytes),
    ]


def kept_page(name: str, page: Load, of: str) -> dict[str, Any]:
    """A load of pages as it is kept."""
    return {"of": of, "load": name, **asdict(page)}
