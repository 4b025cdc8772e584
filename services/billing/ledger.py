"""The ledger: its methods are the commands.

Each loads through `work`, checks and decides on the aggregates, and leaves the events there; the commit
comes after. A method raises a Refusal and then changes nothing, or NotLoaded when it needs more.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date

from eventsourcing.application import Application

from services.billing import payment as payments
from services.billing import settlement, transfer
from services.billing.accommodation import Accommodation, Settings
from services.billing.bill import Bill, BillChanges, BillOpening
from services.billing.business_day import calendar_day
from services.billing.errors import InvalidParameter, NotFound, RequiredParameter, check_version
from services.billing.folio import Folio
from services.billing.ids import accommodation_stream, folio_stream, new_bill_code, new_ulid
from services.billing.payment import NewPayment, Payment, PaymentChanges
from services.billing.personal_data import VirtualAccountDetails, seal_accounts
from services.billing.settlement import SettlementWanted
from services.billing.transfer import BillTransferred, Destination, TransferWanted
from services.billing.work import Work


@dataclass(frozen=True)
class PaymentGiven:
    """A payment as a caller gives it, its virtual accounts in the clear."""

    payment: NewPayment
    accounts: tuple[VirtualAccountDetails, ...] = ()


@dataclass(frozen=True)
class NewBill:
    """A bill to post: amounts in minor units, the balance by default the total."""

    name: str
    total_amount: int
    accommodation_id: str | None = None
    balance_amount: int | None = None
    reservation_id: str | None = None
    payments: tuple[PaymentGiven, ...] = ()
    settlements: tuple[SettlementWanted, ...] = ()
    origin_rate_snapshot: str | None = None
    origin_inclusion_snapshot: str | None = None


class Ledger(Application[str]):
    """Every change to accommodations, folios, bills and payments goes through one of these."""

    name = "ledger"

    def configure_accommodation(self, work: Work, accommodation_id: str, changes: dict[str, str]) -> Accommodation:
        """Set an accommodation up, or change what is given. Raises NotFound, InvalidState, InvalidParameter,
        VersionMismatch.
        """
        accommodation = self._expected_accommodation(work, accommodation_id)
        if accommodation is None:
            return self._new_accommodation(work, accommodation_id, Settings(**changes), in_use=False)
        accommodation.configure(work.stamp, changes)
        return accommodation

    def close_day(self, work: Work, accommodation_id: str, day: date) -> Accommodation:
        """Close a business day: what is recorded from now on belongs to a later one.

        Raises NotFound, InvalidState as Accommodation.close_day, VersionMismatch.
        """
        accommodation = self._expected_accommodation(work, accommodation_id)
        if accommodation is None:
            accommodation = self._new_accommodation(work, accommodation_id, Settings(), in_use=False)
        accommodation.close_day(work.stamp, day, calendar_day(work.now, accommodation.settings))
        return accommodation

    def add_bill(self, work: Work, folio_id: str, new: NewBill) -> Bill:
        """Post a bill to a folio, which is opened with its first bill; its payments are applied.

        Raises RequiredParameter without the accommodation of a new folio, InvalidParameter for another
        accommodation than the folio's, and what payments and settlements raise.
        """
        named = [] if new.accommodation_id is None else [accommodation_stream(new.accommodation_id)]
        targets = [target.target_bill_id for target in new.settlements]
        work.require([folio_stream(folio_id), *named, *targets])  # in one go: each load is a round trip
        accommodation_id = self._accommodation_of(work, folio_id, new.accommodation_id)
        accommodation = self._open_folio(work, folio_id, accommodation_id)
        bill = self._make_bill(
            work,
            BillOpening(
                bill_code=new_bill_code(work.now, accommodation.settings.time_zone),
                accommodation_id=accommodation_id,
                folio_id=folio_id,
                currency=accommodation.settings.currency,
                name=new.name,
                total_amount=new.total_amount,
                balance_amount=new.total_amount if new.balance_amount is None else new.balance_amount,
                reservation_id=new.reservation_id,
                origin_rate_snapshot=new.origin_rate_snapshot,
                origin_inclusion_snapshot=new.origin_inclusion_snapshot,
            ),
        )
        for index, given in enumerate(new.payments):
            self._pay(work, bill, given, applied=True, pointer=f"/payments/{index}")
        self._settle(work, bill, new.settlements)
        return bill

    def update_bill(self, work: Work, bill_id: str, changes: BillChanges) -> Bill:
        """Change name, total or balance. Raises NotFound, InvalidState, InvalidParameter, VersionMismatch."""
        bill = self._expected_bill(work, bill_id)
        bill.update(work.stamp, changes)
        return bill

    def cancel_bill(self, work: Work, bill_id: str, changes: BillChanges) -> Bill:
        """Take the charge back and keep the bill as cancelled. Raises as update_bill."""
        bill = self._expected_bill(work, bill_id)
        bill.cancel(work.stamp, changes)
        return bill

    def delete_bill(self, work: Work, bill_id: str) -> Bill:
        """Remove a bill from every view. Raises NotFound, InvalidState, VersionMismatch."""
        bill = self._expected_bill(work, bill_id)
        bill.delete(work.stamp)
        return bill

    def settle_bills(self, work: Work, bill_id: str, wanted: Sequence[SettlementWanted]) -> Bill:
        """Pay other bills of the folio from this one, all or none. Raises as settlement.settle, NotFound."""
        work.require([bill_id, *(each.target_bill_id for each in wanted)])
        bill = self._expected_bill(work, bill_id)
        self._settle(work, bill, wanted)
        return bill

    def transfer_bills(self, work: Work, wanted: Sequence[TransferWanted], destination: Destination) -> list[Bill]:
        """Move bills, all or none; returns the bills that now carry the amounts, in the order asked.

        Raises NotFound; InvalidParameter for a bill named twice, one of another accommodation, a wrong split,
        a split within the folio; RequiredParameter for no reservation within the folio; InvalidState.
        """
        if not wanted:
            raise RequiredParameter("Name at least one bill to transfer.", "/bills")
        ids = [each.bill_id for each in wanted]
        work.require([*ids, folio_stream(destination.folio_id)])
        for index, bill_id in enumerate(ids):
            if bill_id in ids[:index]:
                raise InvalidParameter(f"Bill {bill_id} is named twice.", f"/bills/{index}/id")
        bills = [self._bill(work, bill_id, f"/bills/{index}/id") for index, bill_id in enumerate(ids)]
        if work.context.expected_version is not None:
            if len(bills) > 1:
                raise InvalidParameter(
                    "One version is expected, of several bills; transfer one bill at a time with it.", "/bills"
                )
            self._check_version(work, bills[0])
        accommodation_id = self._accommodation_of(
            work, destination.folio_id, bills[0].accommodation_id, pointer="/folioId"
        )
        work.require([accommodation_stream(accommodation_id)])
        for index, bill in enumerate(bills):
            if bill.accommodation_id != accommodation_id:
                raise InvalidParameter(
                    f"Bill {bill.id} is not of accommodation {accommodation_id}.", f"/bills/{index}/id"
                )
        return [
            self._transfer(work, bill, each.split_amount, destination, f"/bills/{index}")
            for index, (bill, each) in enumerate(zip(bills, wanted, strict=True))
        ]

    def add_payment(
        self, work: Work, bill_id: str, given: PaymentGiven, *, apply_to_balance: bool = False
    ) -> tuple[Bill, Payment]:
        """Record a payment on an existing bill; the balance moves only if asked to.

        Raises NotFound, InvalidState, InvalidParameter, VersionMismatch.
        """
        bill = self._expected_bill(work, bill_id)
        payment_id = self._pay(work, bill, given, applied=apply_to_balance, pointer="")
        return bill, bill.payments[payment_id]

    def update_payment(
        self,
        work: Work,
        payment_id: str,
        changes: PaymentChanges,
        accounts: tuple[VirtualAccountDetails, ...] | None = None,
    ) -> tuple[Bill, Payment]:
        """Correct a payment. Raises as add_payment."""
        bill = self._bill_of_payment(work, payment_id)
        if accounts is not None:
            changes = changes.with_accounts(seal_accounts(work, bill.folio_id, accounts))
        payments.update_payment(work.stamp, bill, payment_id, changes)
        return bill, bill.payments[payment_id]

    def cancel_payment(self, work: Work, payment_id: str) -> tuple[Bill, Payment]:
        """Give money back, keep the payment as cancelled. Raises NotFound, InvalidState, VersionMismatch."""
        bill = self._bill_of_payment(work, payment_id)
        payments.cancel_payment(work.stamp, bill, payment_id)
        return bill, bill.payments[payment_id]

    def delete_payment(self, work: Work, payment_id: str) -> Bill:
        """Remove a payment from every view. Raises NotFound, VersionMismatch."""
        bill = self._bill_of_payment(work, payment_id)
        payments.delete_payment(work.stamp, bill, payment_id)
        return bill

    def forget_guest(self, work: Work, folio_id: str) -> Folio:
        """Make everything that is kept of the folio's guest unreadable, for good; amounts stay. Raises NotFound."""
        folio = work.find(Folio, folio_stream(folio_id))
        if folio is None or not work.context.sees(folio.accommodation_id):
            raise NotFound(f"There is no folio {folio_id}.", "/folioId")
        folio.forget_guest(work.stamp)
        work.forget(folio_id)
        return folio

    def _expected_accommodation(self, work: Work, accommodation_id: str) -> Accommodation | None:
        if not work.context.sees(accommodation_id):
            raise NotFound(f"There is no accommodation {accommodation_id}.", "/accommodationId")
        accommodation = work.find(Accommodation, accommodation_stream(accommodation_id))
        version = 0 if accommodation is None else accommodation.settings_version
        check_version(f"Accommodation {accommodation_id}", version, work.context.expected_version)
        return accommodation

    def _new_accommodation(
        self, work: Work, accommodation_id: str, settings: Settings, *, in_use: bool
    ) -> Accommodation:
        accommodation = Accommodation.configured(work.stamp, accommodation_id, settings, in_use=in_use)
        work.add(accommodation)
        return accommodation

    def _accommodation_of(self, work: Work, folio_id: str, given: str | None, pointer: str = "/accommodationId") -> str:
        folio = work.find(Folio, folio_stream(folio_id))
        if folio is None:
            given = given or work.context.only_accommodation
            if given is None:
                raise RequiredParameter(
                    f"Folio {folio_id} is new; name the accommodation that it belongs to.", "/accommodationId"
                )
            if not work.context.sees(given):
                raise NotFound(f"There is no accommodation {given}.", "/accommodationId")
            return given
        if not work.context.sees(folio.accommodation_id):
            raise NotFound(f"There is no folio {folio_id}.", "/folioId")
        if given is not None and given != folio.accommodation_id:
            raise InvalidParameter(f"Folio {folio_id} does not belong to accommodation {given}.", pointer)
        return folio.accommodation_id

    def _open_folio(self, work: Work, folio_id: str, accommodation_id: str) -> Accommodation:
        accommodation = work.find(Accommodation, accommodation_stream(accommodation_id))
        if accommodation is None:
            accommodation = self._new_accommodation(work, accommodation_id, Settings(), in_use=True)
        accommodation.mark_in_use(work.stamp)
        if work.find(Folio, folio_stream(folio_id)) is None:
            work.add(Folio.opened(work.stamp, folio_id, accommodation_id, accommodation.settings.currency))
        return accommodation

    def _make_bill(self, work: Work, opening: BillOpening) -> Bill:
        bill = Bill.add(work.stamp, new_ulid(), opening)
        work.add(bill)
        work.name(bill.bill_code, bill.id)
        return bill

    def _bill(self, work: Work, bill_id: str, pointer: str) -> Bill:
        bill = work.find(Bill, bill_id)
        if bill is None or bill.deleted or not work.context.sees(bill.accommodation_id):
            raise NotFound(f"There is no bill {bill_id}.", pointer)
        return bill

    def _expected_bill(self, work: Work, bill_id: str) -> Bill:
        bill = self._bill(work, bill_id, "/billId")
        self._check_version(work, bill)
        return bill

    def _check_version(self, work: Work, bill: Bill) -> None:
        check_version(f"Bill {bill.id}", bill.version, work.context.expected_version)

    def _bill_of_payment(self, work: Work, payment_id: str) -> Bill:
        bill_id = work.resolve(payment_id)
        bill = None if bill_id is None else work.find(Bill, bill_id)
        if bill is None or not work.context.sees(bill.accommodation_id):
            raise NotFound(f"There is no payment {payment_id}.", "/paymentId")
        bill.payment(payment_id)
        self._check_version(work, bill)
        return bill

    def _pay(self, work: Work, bill: Bill, given: PaymentGiven, *, applied: bool, pointer: str) -> str:
        sealed = given.payment.with_accounts(seal_accounts(work, bill.folio_id, given.accounts))
        payment_id = new_ulid()
        payments.add_payment(work.stamp, bill, payment_id, sealed, applied=applied, pointer=pointer)
        work.name(payment_id, bill.id)
        return payment_id

    def _settle(self, work: Work, payer: Bill, wanted: Sequence[SettlementWanted]) -> None:
        for index, each in enumerate(wanted):
            pointer = f"/settlements/{index}"
            target = self._bill(work, each.target_bill_id, f"{pointer}/targetBillId")
            settlement.settle(work.stamp, payer, target, each.settled_amount, pointer)

    def _transfer(
        self, work: Work, bill: Bill, split_amount: int | None, destination: Destination, pointer: str
    ) -> Bill:
        if bill.folio_id == destination.folio_id:
            if split_amount is not None:
                raise InvalidParameter(
                    "Within one folio a bill moves whole; leave splitAmount out.", f"{pointer}/splitAmount"
                )
            transfer.change_reservation(work.stamp, bill, destination, f"{pointer}/id")
            return bill
        bill.check_open("be transferred")
        total, balance = transfer.moving_part(bill, split_amount, f"{pointer}/splitAmount")
        accommodation = self._open_folio(work, destination.folio_id, bill.accommodation_id)
        moved = self._make_bill(
            work,
            BillOpening(
                bill_code=new_bill_code(work.now, accommodation.settings.time_zone),
                accommodation_id=bill.accommodation_id,
                folio_id=destination.folio_id,
                currency=bill.currency,
                name=bill.name,
                total_amount=total,
                balance_amount=balance,
                reservation_id=destination.reservation_id,
                transfer_origin_folio_id=bill.folio_id,
                transfer_origin_bill_id=bill.id,
                origin_rate_snapshot=bill.origin_rate_snapshot,
                origin_inclusion_snapshot=bill.origin_inclusion_snapshot,
            ),
        )
        bill.record(
            BillTransferred,
            work.stamp,
            balance_effect=-balance,
            total_effect=-total,
            pointer=pointer,
            to_folio_id=destination.folio_id,
            to_bill_id=moved.id,
            to_reservation_id=destination.reservation_id,
            moved_total=total,
            whole=total == bill.total_amount,
        )
        return moved
