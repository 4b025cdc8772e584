"""What this process remembers of the log: aggregates as they stood when it last committed something about them."""

from collections import OrderedDict
from collections.abc import Iterable, Mapping

from eventsourcing.domain import BaseAggregate

WEIGHT_MAX = 60_000
"""The sum over the aggregates of OWN_WEIGHT and their number of events; about 30 MiB."""
OWN_WEIGHT = 5

Aggregates = Mapping[str, BaseAggregate[str]]


class Memory:
    """Aggregates by stream; those that were not needed for the longest time are forgotten first.

    Nothing here is ever changed, and nothing is believed: who decides on it has the commit compare versions.
    """

    def __init__(self, weight_max: int = WEIGHT_MAX) -> None:
        self._weight_max = weight_max
        self._weight = 0
        self._aggregates: OrderedDict[str, BaseAggregate[str]] = OrderedDict()

    def recall(self, streams: Iterable[str]) -> dict[str, BaseAggregate[str]]:
        """Those of the streams that are remembered."""
        found = {}
        for stream in streams:
            aggregate = self._aggregates.get(stream)
            if aggregate is not None:
                self._aggregates.move_to_end(stream)
                found[stream] = aggregate
        return found

    def keep(self, aggregates: Aggregates) -> None:
        """Remember these, unless a later version is remembered; the caller must not change them any more."""
        for stream, aggregate in aggregates.items():
            known = self._aggregates.get(stream)
            if known is not None and known.version >= aggregate.version:
                continue
            self._weight += _weight(aggregate) - (0 if known is None else _weight(known))
            self._aggregates[stream] = aggregate
            self._aggregates.move_to_end(stream)
        while self._weight > self._weight_max:
            _, forgotten = self._aggregates.popitem(last=False)
            self._weight -= _weight(forgotten)

    def forget(self, streams: Iterable[str]) -> None:
        """Load these from the log the next time."""
        for stream in streams:
            forgotten = self._aggregates.pop(stream, None)
            if forgotten is not None:
                self._weight -= _weight(forgotten)


def _weight(aggregate: BaseAggregate[str]) -> int:
    return OWN_WEIGHT + aggregate.version
