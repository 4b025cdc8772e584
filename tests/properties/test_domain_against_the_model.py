"""Any sequence of commands: the domain answers as the model does, conserves, and replays to what it answered."""

from collections import Counter
from typing import Any

from hypothesis.stateful import RuleBasedStateMachine, initialize, rule, run_state_machine_as_test

from services.billing.bill import Bill
from services.billing.event import BillEvent
from tests.properties.aiming import aimed
from tests.properties.answers import follow, owed, seen, shown
from tests.properties.commands import Command, Settle, Transfer
from tests.properties.memory_driver import MemoryDriver
from tests.properties.model import Model
from tests.properties.profile import tried
from tests.properties.strategies import commands, first_bills
from tests.unit.given import replayed


class Ledgers(RuleBasedStateMachine):
    """The domain and the model side by side."""

    def __init__(self) -> None:
        super().__init__()
        self.driver = MemoryDriver()
        self.model = Model()
        self.views: dict[str, dict[str, Any]] = {}
        self.agreed = True

    @initialize(bills=first_bills())
    def begin(self, bills: list[Command]) -> None:
        """There are some bills already."""
        for command in bills:
            self.step(command)

    @rule(command=commands)
    def step_by_rule(self, command: Command) -> None:
        """Any command."""
        self.step(command)

    def step(self, command: Command) -> None:
        """One command; both sides must agree on its answer and on every bill afterwards."""
        self.agreed = False
        aim = aimed(command, self.model)
        before, log = owed(list(self.views.values())), self.driver.hotel.store.log
        outcome = self.driver.run(aim)
        self.model = follow(self.model, aim, outcome)
        appended = self.driver.hotel.store.log[len(log) :]
        assert outcome.code is None or appended == []
        self._look_again({str(stored.originator_id) for stored in appended})
        if isinstance(aim, Transfer | Settle):
            assert owed(list(self.views.values())) == before
        self.agreed = True

    def _look_again(self, streams: set[str]) -> None:
        for bill_id in streams & self.model.bills.keys():
            bill = self.driver.bill(bill_id)
            if bill.deleted:
                del self.views[bill_id]
            else:
                self.views[bill_id] = self.driver.view(bill)
        for answered in self.driver.answered:
            assert self.driver.bill(answered.id) == answered
        kept = {bill_id for bill_id, bill in self.model.bills.items() if bill.end != "DELETED"}
        assert self.views.keys() == kept
        for bill_id, view in self.views.items():
            assert seen(view) == shown(self.model, bill_id)

    def teardown(self) -> None:
        """In the end, unless a step has failed, the whole log says the same."""
        if self.agreed:
            self._add_up()

    def _add_up(self) -> None:
        """All that is known follows from the log, and effects add up to what folios owe."""
        balances: Counter[str] = Counter()
        totals: Counter[str] = Counter()
        for event in self.driver.hotel.store.events:
            if isinstance(event, BillEvent):
                balances[event.folio_id] += event.balance_effect
                totals[event.folio_id] += event.total_effect
        for folio in self.model.folios:
            bills = [view for view in self.views.values() if view["folioId"] == folio]
            assert (totals[folio], balances[folio]) == owed(bills)
        for bill_id, view in self.views.items():
            bill = replayed(self.driver.hotel.store.stream(bill_id))
            assert isinstance(bill, Bill)
            assert self.driver.view(bill) == view


def test_any_sequence_of_commands_is_answered_as_the_model_answers_it() -> None:
    run_state_machine_as_test(Ledgers, settings=tried(examples=200, steps=40))  # type: ignore[no-untyped-call, unused-ignore]
