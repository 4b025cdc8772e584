"""Reconciliation: everything that may have changed at the provider is asked about, and differences are told.

The attendant does the same in the course of time; this is for an operator who wants to know now.
"""

import asyncio
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field

from services.billing.ports import TooBusy
from services.collection.collector import Attended, Collector
from services.collection.payment_request import Status
from services.collection.ports import Agenda, Difference

AT_ONCE_MAX = 8
CHANGED_BY_THE_PROVIDER: frozenset[Status] = frozenset({"PAID", "REFUNDED", "DESTROYED"})


@dataclass
class Report:
    """What a reconciliation found. `unanswered` are requests that the provider gave no word on, with the reason."""

    asked: int = 0
    differences: list[Difference] = field(default_factory=list)
    unanswered: dict[str, str] = field(default_factory=dict)


def difference_in(attended: Attended) -> Difference | None:
    """What changed without anybody here having asked for it, None when the books were right."""
    before, after = attended.before, attended.after
    if before.status == after.status or after.status not in CHANGED_BY_THE_PROVIDER:
        return None
    amount = after.asked.amount if after.receipt is None else after.receipt.amount
    return Difference(after.id, before.status, after.status, amount, after.flags)


async def reconcile(
    collector: Collector, agenda: Agenda, request_ids: Sequence[str], advance: Callable[[], None]
) -> Report:
    """Ask about each of these requests, write down what is so, keep the differences; `advance` after each.

    Raises StoreUnavailable.
    """
    report = Report()
    limit = asyncio.Semaphore(AT_ONCE_MAX)

    async def ask(request_id: str) -> None:
        async with limit:
            try:
                attended = await collector.attend(request_id, ask_first=True)
            except TooBusy:
                report.unanswered[request_id] = "another process deals with it"
            else:
                if attended.reason is not None:
                    report.unanswered[request_id] = attended.reason
                difference = difference_in(attended)
                if difference is not None:
                    report.differences.append(difference)
                    await agenda.keep_difference(difference)
            report.asked += 1
            advance()

    try:
        async with asyncio.TaskGroup() as group:
            for request_id in request_ids:
                group.create_task(ask(request_id))
    except ExceptionGroup as failed:
        raise failed.exceptions[0] from failed
    return report
