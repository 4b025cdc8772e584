"""What changed on a folio between two points of its past, each change with a sentence and its effect."""

from bisect import bisect
from collections.abc import Sequence
from datetime import datetime

from projections.reading import Freshness
from services.access import Caller
from services.billing.feed import PlacedEvent
from services.billing.views import View
from services.desk.history import History, Subject, ids_of
from services.desk.journal import Balance, Step, steps
from services.desk.lookups import Found
from services.desk.past import PointInLog, folio_then
from services.desk.problems import invalid
from services.desk.sentences import kind_of, sentence_of

SUMS = ("totalAmount", "paidAmount", "balanceAmount")


async def difference(
    history: History, folio_id: str, since: PointInLog, until: PointInLog, caller: Caller, freshness: Freshness
) -> Found[View]:
    """The folio's sums at both points, and every event in between with its effect on what the folio owes.

    Before it was opened a folio is empty. Raises Problem when it was not there at either point, for points in the
    wrong order and for those that are still to come; NotCaughtUp; StoreUnavailable.
    """
    past, subject = history.past, Subject("folio", folio_id)
    start, end = await past.position(since, "/from"), await past.position(until, "/to")
    times_turned = since.at is not None and until.at is not None and since.at > until.at
    if start > end or times_turned:
        raise invalid("/from", "from lies later than to; turn them round.")
    streams, _ = await history.streams(subject, caller, freshness, end)
    await history.check_count(streams, start, end)
    events = await past.log.events_of(streams, end)
    earlier = events[: bisect(events, start, key=lambda placed: placed.position)]
    before = await folio_then(earlier)
    after = await folio_then(events)
    if after is None:
        raise await past.not_there("folio", folio_id, subject.stream, caller)
    changes = [_change(step) async for step in steps(events, lambda placed: placed.position > start)]
    view = {
        "folioId": folio_id,
        "accommodationId": after["accommodationId"],
        "currency": after["currency"],
        "from": {"position": start, "time": _time(since, earlier)},
        "to": {"position": end, "time": _time(until, events)},
        **{name: Balance(0 if before is None else before[name], after[name]).view for name in SUMS},
        "changes": changes,
    }
    return Found(view, end, large=True)


def _time(point: PointInLog, events: Sequence[PlacedEvent]) -> datetime | None:
    """The time that was asked for, or of the folio's last event up to there; never when others were at work."""
    return point.at or (events[-1].event.timestamp if events else None)


def _change(step: Step) -> View:
    return {
        "kind": kind_of(step),
        "position": step.position,
        "recordedAt": step.recorded_at,
        **ids_of(step),
        "values": [change.view for change in step.changes],
        "balanceEffect": step.folio_balance.effect,
        "sentence": sentence_of(step),
    }
