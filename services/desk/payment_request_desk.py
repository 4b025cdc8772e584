"""Where payment requests are asked for, and dealt with at the provider: commands that do more than decide."""

from collections.abc import Awaitable, Callable
from dataclasses import replace
from datetime import UTC, datetime

from services.billing.views import View
from services.collection.errors import ProviderUnavailable
from services.collection.office import Office
from services.collection.provider import Done, Refused
from services.desk.commands import Command
from services.desk.desk import Call, Desk
from services.desk.outcomes import Outcome
from services.desk.payment_requests import (
    OPERATIONS,
    SYNC,
    Operation,
    operated,
    request_payment_command,
    synchronised,
)
from services.telemetry import PROVIDER_POINTS

NO_PROVIDER = "No payment provider is set up here; nothing was stored. See FOLIO_PAYSSAM_BASE_URL."

Run = Callable[[Office, Call], Awaitable[Outcome]]


class PaymentRequestDesk:
    """Takes the commands about payment requests; without an office each is answered that there is no provider."""

    def __init__(self, desk: Desk, office: Office | None) -> None:
        self._desk = desk
        self._office = office
        asking = request_payment_command(office is not None and office.automatic_card_payment)
        operations = [(command, self._operate(operation)) for command, operation in OPERATIONS]
        self._runs: dict[str, tuple[Command, Run]] = {
            command.name: (command, run)
            for command, run in ((asking, self._ask), *operations, (SYNC, self._synchronise))
        }

    @property
    def commands(self) -> tuple[Command, ...]:
        """All of them."""
        return tuple(command for command, _ in self._runs.values())

    async def run(self, call: Call) -> Outcome:
        """Carry out one command, once under its key. Raises ProviderUnavailable, and as the desk."""
        office = self._opened()
        command, run = self._runs[call.command.name]
        return await run(office, replace(call, command=command))  # decided as this desk is set up, whoever asks

    async def points(self) -> View:
        """The points that are left at the provider. Raises ProviderUnavailable."""
        left = await self._opened().provider.points()
        if not isinstance(left, Done):
            raise ProviderUnavailable(f"{left.code}: {left.message}" if isinstance(left, Refused) else left.reason)
        PROVIDER_POINTS.set(left.value.balance)
        return {"balance": left.value.balance, "chargeUrl": left.value.charge_url}

    def _opened(self) -> Office:
        if self._office is None:
            raise ProviderUnavailable(NO_PROVIDER)
        return self._office

    async def _ask(self, office: Office, call: Call) -> Outcome:
        outcome = await self._desk.run(call)
        office.attendant.wake()
        return outcome

    def _operate(self, operation: Operation) -> Run:
        async def operate(office: Office, call: Call) -> Outcome:
            try:
                return await self._desk.run_held(
                    call.key, operated(office.collector, operation, call, self._desk.replay)
                )
            except ProviderUnavailable as error:  # it may have happened all the same: that is asked about soon
                await office.agenda.put(call.id, datetime.now(UTC), 1, str(error))
                office.attendant.wake()
                raise

        return operate

    async def _synchronise(self, office: Office, call: Call) -> Outcome:
        return await self._desk.run_held(call.key, synchronised(office.collector, call))
