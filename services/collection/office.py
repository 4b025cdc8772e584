"""The office: everything of this process that asks guests for money, as the faces use it."""

from dataclasses import dataclass

from services.collection.attendant import Attendant
from services.collection.collector import Collector
from services.collection.ports import Agenda
from services.collection.provider import Provider


@dataclass(frozen=True)
class Office:
    """`automatic_card_payment`: a phone number in a link can charge another guest's card, so none is put there."""

    provider: Provider
    collector: Collector
    attendant: Attendant
    agenda: Agenda
    automatic_card_payment: bool = False
