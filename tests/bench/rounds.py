"""Alternating rounds: each service is loaded in turn, again and again, and the medians are compared."""

import statistics
from collections.abc import Callable, Iterable, Sequence
from dataclasses import asdict, dataclass
from typing import Any

from tests.bench.loader import Load
from tests.bench.results import Effort, Figure
from tests.bench.services import Running
from tests.bench.site import Site
from tests.bench.usage import usage_of

WARM_UP_SECONDS_MAX = 2

Loading = Callable[[Running, int], Load]
"""Loads a service for some seconds."""


@dataclass(frozen=True)
class Round:
    """What one service did in one round; CPU seconds are per 1,000 requests."""

    of: str
    number: int
    per_second: float
    p50_milliseconds: float
    p99_milliseconds: float
    refused: int
    service_cpu_seconds: float
    postgres_cpu_seconds: float
    memory_mebibytes: float

    @property
    def counts(self) -> bool:
        """Whether every request was taken: a round with any other answer does not count."""
        return self.refused == 0 and self.per_second > 0

    @property
    def kept(self) -> dict[str, Any]:
        """The round as it is kept."""
        return {**asdict(self), "counts": self.counts}


QUANTITIES = {
    "per_second": ("throughput", "1/s"),
    "p50_milliseconds": ("p50", "ms"),
    "p99_milliseconds": ("p99", "ms"),
    "service_cpu_seconds": ("service CPU per 1,000", "s"),
    "postgres_cpu_seconds": ("PostgreSQL CPU per 1,000", "s"),
    "memory_mebibytes": ("service memory, peak", "MiB"),
}
COMPARED = ("per_second", "p50_milliseconds", "p99_milliseconds")


def alternate(site: Site, services: Sequence[Running], loading: Loading, effort: Effort) -> list[Round]:
    """Warm every service up, then load one after the other. Raises CannotMeasure."""
    for service in services:
        effort.say(f"warming {service.name} up")
        loading(service, min(effort.seconds, WARM_UP_SECONDS_MAX))
    rounds = []
    for number in range(1, effort.rounds + 1):
        for service in services:
            one = take_round(site, service, loading, number, effort.seconds)
            effort.say(described(one, effort.rounds))
            rounds.append(one)
    return rounds


def take_round(site: Site, service: Running, loading: Loading, number: int, seconds: int) -> Round:
    """Load a service once, and look at what that costs. Raises CannotMeasure."""
    with usage_of(site, service.pid) as usage:
        load = loading(service, seconds)
    thousands = max(load.requests, 1) / 1000
    return Round(
        service.name,
        number,
        load.per_second,
        load.p50_milliseconds,
        load.p99_milliseconds,
        load.refused,
        usage.service_cpu_seconds / thousands,
        usage.postgres_cpu_seconds / thousands,
        usage.memory_mebibytes,
    )


def described(one: Round, rounds: int) -> str:
    """A round as a line."""
    verdict = "" if one.counts else f"  {one.refused} refused: does not count"
    return (
        f"round {one.number} of {rounds}  {one.of:30} {one.per_second:8,.0f}/s"
        f"  p50 {one.p50_milliseconds:7.2f} ms  p99 {one.p99_milliseconds:7.2f} ms{verdict}"
    )


def figures_of(rounds: Iterable[Round], reference: str | None = None) -> list[Figure]:
    """The medians of every service's rounds that count, and what they are of the medians of `reference`."""
    by_service: dict[str, list[Round]] = {}
    for one in rounds:
        own = by_service.setdefault(one.of, [])
        if one.counts:
            own.append(one)
    figures = [
        summarised(name, unit, service, [getattr(one, quantity) for one in own])
        for quantity, (name, unit) in QUANTITIES.items()
        for service, own in by_service.items()
    ]
    if reference is not None:
        for quantity in COMPARED:
            name = QUANTITIES[quantity][0]
            medians = {figure.of: figure.value for figure in figures if figure.name == name}
            figures += [
                Figure(
                    f"{name}, against {reference}", "times", service, ratio(medians[service], medians.get(reference))
                )
                for service in by_service
            ]
    return figures


def summarised(name: str, unit: str, of: str, values: Sequence[float]) -> Figure:
    """A figure from the values of the rounds that count."""
    if not values:
        return Figure(name, unit, of, None)
    return Figure(name, unit, of, statistics.median(values), min(values), max(values))


def ratio(value: float | None, reference: float | None) -> float | None:
    """One median as a multiple of another, None when either is missing."""
    return value / reference if value is not None and reference else None


def percentile(values: Sequence[float], percent: float) -> float:
    """The least of the values that is not exceeded by `percent` of them. Raises ValueError without values."""
    if not values:
        raise ValueError("there is no percentile of nothing")
    ordered = sorted(values)
    return ordered[max(0, -int(-len(ordered) * percent // 100) - 1)]
