"""A bill or a folio as it was: at a time or a position of the log, from the log itself."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Protocol

from pydantic import TypeAdapter, ValidationError

from services.access import Caller
from services.billing.bill import Bill
from services.billing.folio import Folio
from services.billing.ids import folio_stream
from services.billing.views import View, bill_view, folio_view
from services.desk.bodies import Moment
from services.desk.problems import Problem, invalid
from services.desk.requests import POSITION

TIME: TypeAdapter[datetime] = TypeAdapter(Moment)


@dataclass(frozen=True)
class PointInLog:
    """A point of the log: a time, or a position."""

    at: datetime | None = None
    position: int | None = None


class LogReader(Protocol):
    """Reads streams as they were."""

    async def position_at(self, at: datetime | None, position: int | None) -> int | None:
        """The position of the last event up to then; None for a position beyond the log's end."""
        ...

    async def load_until(self, streams: Sequence[str], position: int) -> dict[str, Any]:
        """The aggregates of the streams, from their events up to the position; None where there is none."""
        ...


class Past:
    """Answers queries about a moment in the past."""

    def __init__(self, log: LogReader) -> None:
        self._log = log

    async def bill(self, bill_id: str, moment: PointInLog, caller: Caller) -> tuple[View, int]:
        """The bill then, and the position. Raises Problem when there was none."""
        position = await self._position(moment)
        bill: Bill | None = (await self._log.load_until([bill_id], position))[bill_id]
        if bill is None or bill.deleted or not caller.reaches(bill.accommodation_id):
            raise Problem("DATA_NOT_FOUND_ON_ID", f"There was no bill {bill_id} then.")
        return bill_view(bill), position

    async def folio(
        self, folio_id: str, bill_ids: Sequence[str], moment: PointInLog, caller: Caller
    ) -> tuple[View, int]:
        """The folio then, given all bills that it ever had. Raises Problem when there was none."""
        position = await self._position(moment)
        loaded = await self._log.load_until([folio_stream(folio_id), *bill_ids], position)
        folio: Folio | None = loaded[folio_stream(folio_id)]
        if folio is None or not caller.reaches(folio.accommodation_id):
            raise Problem("DATA_NOT_FOUND_ON_ID", f"There was no folio {folio_id} then.")
        bills: list[Bill] = [bill for id_ in bill_ids if (bill := loaded[id_]) is not None]
        total = sum(bill.total_amount for bill in bills if bill.live)
        balance = sum(bill.balance_amount for bill in bills)  # a guest may have paid a bill after it was deleted
        views = [bill_view(bill) for bill in bills if not bill.deleted]
        on_deleted = (payment for bill in bills if bill.deleted for payment in bill.payments.values())
        paid_on_deleted = sum(payment.amount for payment in on_deleted if payment.live)
        view = folio_view(folio_id, folio.accommodation_id, folio.currency, total, balance, views, paid_on_deleted)
        return view, position

    async def _position(self, moment: PointInLog) -> int:
        position = await self._log.position_at(moment.at, moment.position)
        if position is None:
            raise invalid("/position", "The log has not come to this position yet.")
        return position


def point_in_log(at: str | None, position: str | None) -> PointInLog | None:
    """The point asked for, None when none is. Raises Problem when it is of the wrong form or given twice over."""
    if at is None and position is None:
        return None
    if at is not None and position is not None:
        raise invalid("/position", "Give either at or position.")
    if position is not None:
        if not POSITION.fullmatch(position):
            raise invalid("/position", "position is a position of the log, as answers give it in Folio-Position.")
        return PointInLog(position=int(position))
    try:
        return PointInLog(at=TIME.validate_python(at))
    except ValidationError:
        raise invalid("/at", "at is a time with an offset, as 2026-11-22T14:00:00Z.") from None
