"""Any sequence of commands: a folio of the past and all that it leads to over GraphQL are as they were shown then."""

from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Any

from tests.collection.front import Front, open_front
from tests.graphql.leading import shown
from tests.properties.commands import Command
from tests.properties.playing import play_many
from tests.properties.rest_driver import RestDriver
from tests.properties.run import Run

HOUSES = 8
COMMANDS = 14
TICK = timedelta(microseconds=1)


class Recorder:
    """Records what is shown of the folios of one house, after every command that has changed something."""

    def __init__(self, front: Front, house: str) -> None:
        self.recorded: dict[str, dict[int, Any]] = {}
        """What was shown of each folio, by the position of the log."""
        self._front = front
        self._house = house
        self._run = Run(RestDriver(front.client, house))

    async def play(self, commands: Sequence[Command]) -> None:
        """Send the commands, ask guests for money in between, and record."""
        for number, command in enumerate(commands):
            outcome = await self._run.step(command)
            if outcome.code is None:
                await self._record()
            if number % 2 and outcome.bills:
                await self._ask(outcome.bills[0]["id"])

    async def _ask(self, bill_id: str) -> None:
        """Ask for a part of the bill, and let it be: the run knows of no requests, which hold a bill."""
        answer = await self._front.try_ask({"id": bill_id}, amount=1)
        if answer.is_success:
            request = answer.json()
            await self._record()
            await self._front.office.collector.attend(request["id"], ask_first=False)
            await self._record()
            self._front.desk.expect(200, await self._front.operate("destroy", request))
            await self._record()

    async def _record(self) -> None:
        for folio in self._run.folios:
            data, position = await shown(self._front.client, self._house + folio)
            self.recorded.setdefault(self._house + folio, {})[position] = data


async def recorded_times(front: Front) -> dict[int, str]:
    """When each event of the log was recorded, by its position."""
    times: dict[int, str] = {}
    after = 0
    while True:
        page = (await front.client.get("/v1/events", params={"after": after, "limit": 500})).json()
        times |= {int(event["id"]): event["time"] for event in page["items"]}
        if after == page["next"]:
            return times
        after = page["next"]


async def check_past(front: Front, folio: str, recorded: dict[int, Any], times: dict[int, str]) -> int:
    """Each answer comes again, by its position, by its time and by the last moment before the next event."""
    for number, (position, data) in enumerate(recorded.items()):
        point: dict[str, Any] = {"position": position}
        if number % 3 == 1:
            point = {"at": times[position]}
        elif number % 3 == 2 and position + 1 in times:
            point = {"at": (datetime.fromisoformat(times[position + 1]) - TICK).isoformat()}
        assert await shown(front.client, folio, **point) == (data, position), point
    return len(recorded)


async def test_what_a_folio_of_the_past_leads_to_is_what_was_shown_then(database: str) -> None:
    recorders: list[Recorder] = []
    async with open_front(database) as front:

        async def play(number: int, sequence: list[Command]) -> None:
            recorders.append(Recorder(front, f"H{number}."))
            await recorders[-1].play(sequence[:COMMANDS])

        await play_many(HOUSES, play)
        times = await recorded_times(front)
        checked = 0
        for recorder in recorders:
            for folio, recorded in recorder.recorded.items():
                checked += await check_past(front, folio, recorded, times)
        assert checked > 20 * HOUSES
    everything = str([recorder.recorded for recorder in recorders])
    for name in ("DESTROYED", "transferOriginBill': {", "targetBill': {", "paymentBill': {"):
        assert name in everything
