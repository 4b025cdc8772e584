"""Reconciliation: what changed at the provider is told, once, and what it gives no word on is told as well."""

import pytest

from services.billing.ports import StoreUnavailable
from services.collection.payment_request import PaymentRequest
from services.collection.ports import Difference
from services.collection.reconciliation import Report, reconcile
from tests.collection.fake_provider import TIMED_OUT, FakeProvider
from tests.collection.given import Reception
from tests.collection.working import MemoryAgenda


async def reconciled(reception: Reception, *requests: PaymentRequest) -> tuple[Report, MemoryAgenda, int]:
    """What a reconciliation of these requests finds, what it keeps, and how often it says that it goes on."""
    agenda = MemoryAgenda(reception.hotel)
    advanced = []
    ids = [request.id for request in requests]
    report = await reconcile(reception.collector, agenda, ids, lambda: advanced.append(1))
    return report, agenda, len(advanced)


async def test_what_changed_at_the_provider_is_found_kept_and_told_once(
    reception: Reception, provider: FakeProvider
) -> None:
    paid, other, refunded, voided, untouched = (reception.sent(amount=1_000) for _ in range(5))
    provider.pay(paid.id)
    provider.pay(other.id, 700)
    provider.become(refunded.id, "REFUNDED", paid=1_000)
    provider.become(voided.id, "DESTROYED")
    everything = (paid, other, refunded, voided, untouched)
    report, agenda, advanced = await reconciled(reception, *everything)
    found = {each.request_id: each for each in report.differences}
    assert found == {
        paid.id: Difference(paid.id, "SENT", "PAID", 1_000),
        other.id: Difference(other.id, "SENT", "PAID", 700, ("AMOUNT_DIFFERS",)),
        refunded.id: Difference(refunded.id, "SENT", "REFUNDED", 1_000),
        voided.id: Difference(voided.id, "SENT", "DESTROYED", 1_000),
    }
    assert agenda.differences == report.differences
    assert (report.asked, report.unanswered, advanced) == (5, {}, 5)
    assert (await reconciled(reception, *everything))[0].differences == []


async def test_what_the_provider_gives_no_word_on_is_told_with_the_reason(
    reception: Reception, provider: FakeProvider
) -> None:
    request = reception.sent()
    provider.next("read", TIMED_OUT)
    report, _, advanced = await reconciled(reception, request)
    assert report.unanswered == {request.id: TIMED_OUT.reason}
    assert (report.asked, report.differences, advanced) == (1, [], 1)


async def test_a_request_that_was_never_sent_is_sent_and_is_no_difference(reception: Reception) -> None:
    request = reception.ask()
    report, _, _ = await reconciled(reception, request)
    assert report.differences == []
    assert reception.request(request).status == "SENT"


async def test_a_database_that_goes_away_is_told_as_such(reception: Reception, monkeypatch: pytest.MonkeyPatch) -> None:
    async def away(*_: object, **__: object) -> None:
        raise StoreUnavailable("gone")

    monkeypatch.setattr(reception.collector, "attend", away)
    with pytest.raises(StoreUnavailable, match="gone"):
        await reconciled(reception, reception.ask())
