"""The collector: deals with the provider about one request at a time, and writes down what it says.

An answer that cannot be relied on is never guessed at: the provider is asked how the bill stands, and its word
is written down. So each step may be cut off anywhere and taken again.
"""

import logging
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from typing import TypeVar

from services.billing.errors import InvalidState
from services.billing.event import Context
from services.billing.execution import Executor
from services.billing.ids import new_ulid
from services.billing.work import Work
from services.collection import commands
from services.collection.answers import discreet, for_good, said
from services.collection.errors import ProviderUnavailable
from services.collection.guest import Guest, open_guest
from services.collection.payment_request import PROVIDER, Evidence, PaymentRequest
from services.collection.ports import Locks, Opener
from services.collection.provider import Ask, Done, Provider, ProviderBill, Refused, State, Unknown, Why
from services.collection.word import Decide, decision_on, evidence_of
from services.telemetry import PAYMENT_REQUESTS, PROVIDER_POINTS

Told = TypeVar("Told")

"""Whose word the events rest on that nobody asked for."""

log = logging.getLogger(__name__)


@dataclass(frozen=True)
class Attended:
    """A request before and after it was dealt with; `reason` why it must be dealt with again soon, if so."""

    before: PaymentRequest
    after: PaymentRequest
    reason: str | None


class Collector:
    """Sends, looks, resends, destroys, refunds."""

    def __init__(self, provider: Provider, executor: Executor, opener: Opener, locks: Locks) -> None:
        self._provider = provider
        self._executor = executor
        self._opener = opener
        self._locks = locks

    @asynccontextmanager
    async def holding(self, request_id: str) -> AsyncIterator[PaymentRequest]:
        """The request as it stands, and nobody else dealing with it. Raises NotFound, TooBusy, StoreUnavailable."""
        async with self._locks.hold(request_id):
            yield await self._commit(lambda work: commands.find_request(work, request_id))

    async def attend(
        self, request_id: str, *, ask_first: bool, callback: str | None = None, news: bool = True
    ) -> Attended:
        """Do what is next for a request: send it if it was not, else ask how it stands and write it down.

        `ask_first` after a send whose end may not be known. `callback` is the digest of what led here; it is no
        `news` when it says only that it was paid, and nobody is asked if that is known. Raises as `holding`.
        """
        async with self.holding(request_id) as request:
            if not news and request.payment_id is not None:
                return Attended(request, request, None)
            if request.status == "REQUESTED" and not ask_first:
                reason = await self._send(request, absent=False)
            else:
                reason = await self._look(request, callback)
            after = await self._commit(lambda work: commands.find_request(work, request_id))
        if after.status != request.status:
            PAYMENT_REQUESTS.labels(after.status).inc()
        return Attended(request, after, reason)

    async def _look(self, request: PaymentRequest, callback: str | None) -> str | None:
        """Believe what the provider says; what it does not know, though it is to be sent, is sent."""
        found = await self._read(request)
        if isinstance(found, Done):
            await self._believe(request, found.value, callback)
            return await self._end_unpaid(request, found.value) if found.value.state == "UNPAID" else None
        if isinstance(found, Unknown) or found.why is not Why.NOT_FOUND:
            return said(found)
        if request.unsent:
            return await self._send(request, absent=True)
        if request.open and not _over(request):
            return said(found)  # it was sent, and the provider has lost it: somebody should look
        await self._commit(lambda work: commands.note_expired(work, request.id, Evidence()))
        return None

    async def _end_unpaid(self, request: PaymentRequest, found: ProviderBill) -> str | None:
        """A bill that nobody should pay any more: its last day is over, or its send came through after its end."""
        if not request.open and request.payment_id is None:
            answer = await self._destroy(request)
            return None if isinstance(answer, Done) else said(answer)
        if _over(request):
            evidence = evidence_of(found)
            await self._commit(lambda work: commands.note_expired(work, request.id, evidence))
        return None

    async def _send(self, request: PaymentRequest, *, absent: bool) -> str | None:
        """Send it, at most once in effect; None when that is settled, else why it must wait.

        `absent`: the provider has said that it knows nothing of it.
        """
        ask = None if _over(request) else await self._ask(request)
        if ask is None and not absent:  # a send may have been cut off after it came through
            return await self._look(request, None)
        if ask is None:
            await self._commit(_ending(request))
            return None
        answer = await self._discreet(request, await self._provider.send(request.asked.merchant, ask))
        if isinstance(answer, Done):
            url = answer.value.url
            await self._commit(lambda work: commands.note_sent(work, request.id, url, self._price_of(request)))
            return None
        if isinstance(answer, Unknown):
            await self._commit(lambda work: commands.note_unknown(work, request.id, answer.reason))
            return answer.reason
        return await self._refused(request, answer)

    async def _refused(self, request: PaymentRequest, refused: Refused) -> str | None:
        """A refusal may answer a second copy of a send that came through: the provider says which."""
        found = await self._read(request)
        if isinstance(found, Done):
            await self._believe(request, found.value, None)
            return None
        if isinstance(found, Refused) and for_good(request, refused, found):
            if refused.why is Why.NO_POINTS:
                refused = await self._with_charge_address(refused)
            log.warning("the provider refuses request %s: %s", request.id, said(refused))
            await self._commit(lambda work: commands.note_refused(work, request.id, refused))
            return None
        if isinstance(found, Unknown):
            await self._commit(lambda work: commands.note_unknown(work, request.id, found.reason))
        return said(refused)

    async def _with_charge_address(self, refused: Refused) -> Refused:
        """A refusal for lack of points, with where to buy some, for whoever sees it first."""
        left = await self._provider.points()
        if not isinstance(left, Done):
            return refused
        PROVIDER_POINTS.set(left.value.balance)
        if left.value.charge_url is None:
            return refused
        return replace(refused, message=f"{refused.message.rstrip('.')}. Buy points at {left.value.charge_url}")

    async def resend(self, request: PaymentRequest) -> Decide:
        """Send the guest the same bill again, for points; called while it is held.

        Raises InvalidState unless it is with the guest, or when the provider refuses; ProviderUnavailable.
        """
        if request.status != "SENT":
            raise InvalidState(f"Payment request {request.id} is {request.status}; only one that is SENT is resent.")
        answer = await self._discreet(request, await self._provider.resend(request.asked.merchant, request.id))
        if isinstance(answer, Refused):
            await self._settle_doubt(request, None)
            raise _refusal(answer)
        doubt = answer.reason if isinstance(answer, Unknown) else None
        return lambda work: commands.note_resent(work, request.id, self._provider.message_points, doubt)

    async def destroy(self, request: PaymentRequest) -> Decide:
        """Void an unpaid request; called while it is held. Raises InvalidState for one that is not open or was paid
        meanwhile, ProviderUnavailable.
        """
        if not request.open:
            raise InvalidState(f"Payment request {request.id} is {request.status}; only an open one is destroyed.")
        if request.status != "SENT" and await self._never_sent(request):
            return lambda work: commands.note_destroyed(work, request.id, Evidence())
        answer = await self._destroy(request)
        evidence = Evidence()
        if not isinstance(answer, Done):
            found = await self._settle_doubt(request, "DESTROYED")
            lost = isinstance(answer, Refused) and answer.why is Why.NOT_FOUND
            if (found is None and not lost) or (found is not None and found.state == "UNPAID"):
                raise _refusal(answer)
            if found is not None and found.state != "DESTROYED":
                raise InvalidState(f"Payment request {request.id} was paid meanwhile; see what became of it.")
            evidence = Evidence() if found is None else evidence_of(found)
        return lambda work: commands.note_destroyed(work, request.id, evidence)

    async def _never_sent(self, request: PaymentRequest) -> bool:
        """Whether the provider knows nothing of it; what it knows is written down. Raises ProviderUnavailable."""
        found = await self._read(request)
        if isinstance(found, Done):
            await self._believe(request, found.value, None)
            return False
        if isinstance(found, Refused) and found.why is Why.NOT_FOUND:
            return True
        raise ProviderUnavailable(said(found))

    async def refund(self, request: PaymentRequest) -> Decide:
        """Give the whole money back; called while it is held. Raises InvalidState unless it is paid, or when the
        provider refuses; ProviderUnavailable.
        """
        if request.status != "PAID":
            raise InvalidState(f"Payment request {request.id} is {request.status}; only a PAID one is refunded.")
        cancelled = await self._provider.cancel(request.asked.merchant, request.id, request.asked.amount)
        answer = await self._discreet(request, cancelled)
        evidence = Evidence()
        if not isinstance(answer, Done):
            found = await self._settle_doubt(request, "REFUNDED")
            if found is None or found.state != "REFUNDED":
                raise _refusal(answer)
            evidence = evidence_of(found)
        return lambda work: commands.note_refunded(work, request.id, evidence)

    async def _settle_doubt(self, request: PaymentRequest, asked: State | None) -> ProviderBill | None:
        """How the bill stands after an answer that left it open, None when the provider does not say.

        A state that nobody asked for is written down at once; the one `asked` for is the caller's decision.
        """
        found = await self._read(request)
        if not isinstance(found, Done):
            return None
        if found.value.state != asked:
            await self._believe(request, found.value, None)
        return found.value

    async def _read(self, request: PaymentRequest) -> Done[ProviderBill] | Refused | Unknown:
        return await self._discreet(request, await self._provider.read(request.asked.merchant, request.id))

    async def _destroy(self, request: PaymentRequest) -> Done[None] | Refused | Unknown:
        destroyed = await self._provider.destroy(request.asked.merchant, request.id, request.asked.amount)
        return await self._discreet(request, destroyed)

    async def _discreet(
        self, request: PaymentRequest, answer: Done[Told] | Refused | Unknown
    ) -> Done[Told] | Refused | Unknown:
        """What the provider says, without the guest in it. Raises StoreUnavailable."""
        return answer if isinstance(answer, Done) else discreet(answer, await self._guest(request))

    async def _believe(self, request: PaymentRequest, bill: ProviderBill, callback: str | None) -> None:
        points = self._price_of(request)
        await self._commit(decision_on(request.id, bill, evidence_of(bill, callback), points))

    def _price_of(self, request: PaymentRequest) -> int:
        return self._provider.message_points if request.asked.send_type == "TALK" else 0

    async def _ask(self, request: PaymentRequest) -> Ask | None:
        asked, guest = request.asked, await self._guest(request)
        if guest is None:
            return None
        return Ask(
            request_id=request.id,
            amount=asked.amount,
            customer_name=guest.name,
            contact=guest.contact,
            send_type=asked.send_type,
            product_name=asked.product_name,
            expires_on=asked.expires_on,
            message=guest.message,
            bill_issuer=asked.bill_issuer,
        )

    async def _guest(self, request: PaymentRequest) -> Guest | None:
        """The guest who is asked, None once forgotten. Raises StoreUnavailable."""
        folio_id = request.asked.folio_id
        data_keys = await self._opener.for_opening([folio_id])
        return open_guest(request.asked.guest, data_keys.get(folio_id))

    async def _commit(self, decide: Decide) -> PaymentRequest:
        context = Context(key=PROVIDER, request_id=new_ulid())

        def decided(work: Work) -> PaymentRequest:
            work.begin(context)
            request = decide(work)
            work.collect()
            return request

        return (await self._executor.execute(decided))[0]


def _refusal(answer: Refused | Unknown) -> InvalidState | ProviderUnavailable:
    """What to tell whoever asked: a refusal for good, or that it may be repeated."""
    if isinstance(answer, Unknown) or answer.why is Why.TRY_LATER:
        return ProviderUnavailable(said(answer))
    return InvalidState(f"The provider refuses: {said(answer)}")


def _ending(request: PaymentRequest) -> Decide:
    """How a request ends that was never sent and cannot be any more."""
    if _over(request):
        return lambda work: commands.note_expired(work, request.id, Evidence())
    forgotten = Refused("GUEST_FORGOTTEN", "The guest was forgotten; nobody can be asked.")
    return lambda work: commands.note_refused(work, request.id, forgotten)


def _over(request: PaymentRequest) -> bool:
    return request.asked.expires_on < commands.provider_day(datetime.now(UTC))
