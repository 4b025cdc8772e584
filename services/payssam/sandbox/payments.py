"""A guest pays: the bill changes, and its callback is put on its way as the ordered mode says."""

import msgspec

from services.payssam.sandbox.bill import PAID, Bill, approval_fields
from services.payssam.sandbox.deliveries import Deliveries
from services.payssam.sandbox.faults import CallbackOrder, Faults
from services.payssam.sandbox.provider import Provider
from services.payssam.sandbox.settings import SandboxSettings

OTHER_AMOUNT_BY = 1_000
"""How far a wrong amount is from the price when none is ordered, in won."""

DEFAULT_PAY_TYPE = "CARD_VAN"


class Payments:
    """The till of the sandbox. The caller holds the store's transaction."""

    def __init__(self, settings: SandboxSettings, provider: Provider, deliveries: Deliveries, faults: Faults) -> None:
        self._settings = settings
        self._provider = provider
        self._deliveries = deliveries
        self._faults = faults

    def pay(self, bill_id: str, amount: int | None = None, pay_type: str = DEFAULT_PAY_TYPE) -> Bill:
        """Pay a bill and announce it to its callback URL. `amount` is in won, None the price. Refusal."""
        price = self._provider.payable(bill_id).price
        order = self._faults.take_mode()
        if order.mode == "pays_other_amount":
            amount = _other_amount(price, order)
        final_after = order.seconds if order.mode == "early" else None
        bill = self._provider.pay(bill_id, amount, pay_type, final_after)
        if bill.callback_url is not None:
            self._announce(bill, bill.callback_url, order)
        if order.mode == "reorder" and order.times == 0:
            self._deliveries.release()
        return bill

    def _announce(self, bill: Bill, url: str, order: CallbackOrder) -> None:
        if order.mode == "missing":
            return
        # The callback always says paid, also when `read` does not say so yet.
        fields = approval_fields(msgspec.structs.replace(bill, state=PAID), self._settings.api_key)
        if order.mode == "wrong_amount":
            fields["appr_price"] = str(_other_amount(bill.price, order))
        body = msgspec.json.encode(fields)
        copies = 1 + (order.copies if order.mode == "duplicate" else 0)
        for _ in range(copies):
            self._deliveries.add(bill.bill_id, url, body, self._settings.clock(), held=order.mode == "reorder")


def _other_amount(price: int, order: CallbackOrder) -> int:
    return price + OTHER_AMOUNT_BY if order.amount is None else order.amount
