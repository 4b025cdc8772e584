"""One run through a face of the service: commands, each answered as the model does, then all that queries show."""

from collections.abc import Sequence
from typing import Any

from tests.operations import Asked
from tests.properties.aiming import aimed
from tests.properties.answers import Outcome, follow, owed, seen, shown
from tests.properties.commands import ChangePayment, Command, EndPayment, Pay
from tests.properties.driver import Driver
from tests.properties.model import NOT_FOUND, Bill, Model


class Run:
    """The service and the model side by side. `answers` has the last answer that showed each thing as it is."""

    def __init__(self, driver: Driver) -> None:
        self._driver = driver
        self._model = Model()
        self._answers: dict[str, Any] = {}

    @property
    def folios(self) -> Sequence[str]:
        """The folios that there are, as the commands name them."""
        return list(self._model.folios)

    async def play(self, commands: Sequence[Command]) -> None:
        """Send the commands."""
        for command in commands:
            await self.step(command)

    async def step(self, command: Command) -> Outcome:
        """Send one command, and return its answer."""
        aim = aimed(command, self._model)
        outcome = await self._driver.run(aim)
        before, self._model = self._model, follow(self._model, aim, outcome)
        if outcome.code is None:
            self._remember(aim, outcome, before)
        return outcome

    def aimed(self, command: Command) -> Asked:
        """What would be asked of the service now for the command, which is not sent."""
        return self._driver.asked(aimed(command, self._model))

    async def everything(self) -> list[Any]:
        """What every query shows, of things that are gone the code of the error."""
        model, driver = self._model, self._driver
        return [
            *[[await driver.bill(bill_id), await driver.payments(bill_id)] for bill_id in model.bills],
            *[await driver.payment(payment_id) for payment_id in model.payments],
            *[await driver.folio(folio) for folio in model.folios],
            *[await driver.bills(accommodation) for accommodation in dict.fromkeys(model.folios.values())],
        ]

    async def check_queries(self) -> None:
        """Every query must show what the last command answered, and what the model has."""
        views = {bill_id: await self._driver.bill(bill_id) for bill_id in self._model.bills}
        for bill_id, bill in self._model.bills.items():
            await self._check_bill(bill_id, bill, views)
        for payment_id, bill_id in self._model.payments.items():
            await self._check_payment(payment_id, views[bill_id])
        for folio in self._model.folios:
            await self._check_folio(folio, [view for view in views.values() if view != NOT_FOUND])
        for accommodation in set(self._model.folios.values()):
            page = await self._driver.bills(accommodation)
            of_it = [view for view in views.values() if view != NOT_FOUND and view["accommodationId"] == accommodation]
            assert page == of_it[::-1]

    def _remember(self, command: Command, outcome: Outcome, before: Model) -> None:
        for bill_id in self._model.bills.keys() & before.bills.keys():
            if shown(self._model, bill_id) != shown(before, bill_id):
                self._answers.pop(bill_id, None)
        if isinstance(command, ChangePayment | EndPayment):
            self._answers.pop(before.payments[str(command.payment)], None)
        elif isinstance(command, Pay):
            self._answers.pop(str(command.bill), None)
        payments = [payment for bill in outcome.bills for payment in bill["payments"]]
        for view in [*outcome.bills, *payments, *([outcome.payment] if outcome.payment else [])]:
            self._answers[view["id"]] = view

    async def _check_bill(self, bill_id: str, bill: Bill, views: dict[str, Any]) -> None:
        if bill.end == "DELETED":
            assert views[bill_id] == NOT_FOUND
            assert await self._driver.payments(bill_id) == NOT_FOUND
            return
        view = views[bill_id]
        assert seen(view) == shown(self._model, bill_id)
        assert view == self._answers.get(bill_id, view)
        assert await self._driver.payments(bill_id) == view["payments"]

    async def _check_payment(self, payment_id: str, bill: Any) -> None:
        view = await self._driver.payment(payment_id)
        kept = [] if bill == NOT_FOUND else [payment for payment in bill["payments"] if payment["id"] == payment_id]
        assert view == (kept[0] if kept else NOT_FOUND)
        assert not kept or view == self._answers[payment_id]

    async def _check_folio(self, folio: str, views: list[Any]) -> None:
        bills = [view for view in views if view["folioId"] == folio]
        total, balance = owed(bills)
        live = [payment for bill in bills for payment in bill["payments"] if payment["cancelledAt"] is None]
        assert await self._driver.folio(folio) == {
            "folioId": folio,
            "accommodationId": self._model.folios[folio],
            "currency": self._model.currencies.get(self._model.folios[folio], "KRW"),
            "totalAmount": total,
            "paidAmount": sum(payment["amount"] for payment in live),
            "balanceAmount": balance,
            "bills": bills,
        }
