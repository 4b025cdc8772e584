"""Every event that a folio's history can hold is told in a sentence and has a kind."""

from services.billing.accommodation import AccommodationConfigured, DayClosed
from services.billing.feed import PlacedEvent
from services.desk.cloud_events import EVENT_VIEWS
from services.desk.journal import Journal
from services.desk.sentences import ALL_KINDS, KINDS, SENTENCES, kind_of, sentence_of
from tests.unit.given import ACCOUNT, Hotel, paid


def test_every_event_of_a_folio_has_a_kind_and_a_sentence() -> None:
    of_folios = EVENT_VIEWS.keys() - {AccommodationConfigured, DayClosed}
    assert of_folios == KINDS.keys() == SENTENCES.keys()


def test_the_journal_tells_a_hotels_log_with_kinds_that_are_described() -> None:
    hotel = Hotel()
    bill, other = hotel.add_bill(payments=(paid(500, "VIRTUAL_ACCOUNT", accounts=(ACCOUNT,)),)), hotel.add_bill(total=9)
    payment = hotel.pay(bill, 7)
    hotel.update_payment(payment, method="VIRTUAL_ACCOUNT", accounts=(ACCOUNT,))
    hotel.settle(bill, (other, 4))
    hotel.transfer(other, to="FOLIO-1", reservation="R-7")
    hotel.cancel_bill(bill)
    journal = Journal()
    told = []
    for position, event in enumerate(hotel.store.events, 1):
        if getattr(event, "folio_id", None) == "FOLIO-1":
            step = journal.take(PlacedEvent(position, event, "HOTEL-1", "FOLIO-1"))
            assert kind_of(step) in ALL_KINDS
            told.append(sentence_of(step))
    corrected = f'payment of 7 KRW by VIRTUAL_ACCOUNT on bill {bill.bill_code} "Room charge" was changed: its method'
    assert f"The {corrected} from CARD to VIRTUAL_ACCOUNT, its virtual accounts." in told
    assert f'Bill {other.bill_code} "Room charge" was moved to reservation R-7.' in told
    assert journal.balance == hotel.bill(bill).balance_amount + hotel.bill(other).balance_amount
