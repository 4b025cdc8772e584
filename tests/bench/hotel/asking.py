"""The life of a bill that the guest is asked to pay by phone, through the payment provider."""

import hashlib
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta

from services.billing.bill import Bill
from services.billing.work import Work
from services.collection import commands
from services.collection.guest import Guest
from services.collection.payment_request import Evidence, PaymentRequest, Receipt
from services.demo.catalogue import GUESTS
from tests.bench.hotel.stay import Stay

POINTS = 20
ENDINGS = ("paid",) * 14 + ("expired", "destroyed", "refunded") * 2
DAYS_TO_PAY = 2


def paid_by_phone(stay: Stay) -> Iterator[datetime]:
    """Requested, sent, and paid for the most part; else expired, destroyed, or paid and given back."""
    yield stay.during()
    bill = stay.charge()
    yield stay.during(stay.desk.now)
    request = ask(stay, bill)
    yield stay.desk.now + timedelta(seconds=stay.random.uniform(0.2, 3))
    url = f"https://pay.example/{request.id}"
    note(stay, lambda work: commands.note_sent(work, request.id, url, POINTS))
    ending = stay.random.choice(ENDINGS)
    if ending == "expired":
        last = datetime.combine(request.asked.expires_on, datetime.min.time(), commands.PROVIDER_ZONE)
        yield (last + timedelta(days=1, minutes=5)).astimezone(UTC)
        note(stay, lambda work: commands.note_expired(work, request.id, evidence(request, "expired")))
        return
    yield stay.desk.now + timedelta(hours=stay.random.uniform(0.05, 8))
    if ending == "destroyed":
        note(stay, lambda work: commands.note_destroyed(work, request.id, evidence(request, "destroyed")))
        return
    receipt = Receipt(
        request.asked.amount, stay.desk.now - timedelta(seconds=2), "CARD", "CARD", "신한카드", "30012345"
    )
    note(stay, lambda work: commands.note_paid(work, request.id, receipt, evidence(request, "paid")))
    if ending == "refunded":
        yield stay.desk.now + timedelta(days=1)
        note(stay, lambda work: commands.note_refunded(work, request.id, evidence(request, "refunded")))


def ask(stay: Stay, bill: Bill) -> PaymentRequest:
    """Ask the guest for all that the bill owes."""
    guest = Guest(stay.random.choice(GUESTS), f"010{stay.random.randrange(10**8):08}")
    expires_on = commands.provider_day(stay.desk.now) + timedelta(days=DAYS_TO_PAY)
    stay.desk.provide_key(stay.account)
    return stay.desk.do(
        lambda work: commands.request_payment(work, bill.id, commands.NewRequest(guest, expires_on=expires_on)),
        stay.account,
    )


def note(stay: Stay, decide: Callable[[Work], PaymentRequest]) -> None:
    """Write down what the provider said."""
    stay.desk.do(decide, stay.account)


def evidence(request: PaymentRequest, said: str) -> Evidence:
    """The digest of a reply that says so."""
    return Evidence(reply=hashlib.sha256(f"{request.id} {said}".encode()).hexdigest())
