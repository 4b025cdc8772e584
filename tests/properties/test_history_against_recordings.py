"""Any sequence of commands: the past is what was answered then, to the byte, and history tells all that led to now."""

from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Any

import httpx

from services.bootstrap import Service
from tests.properties.commands import Command
from tests.properties.playing import play_many
from tests.properties.rest_driver import RestDriver
from tests.properties.run import Run
from tests.rest.past import check_chain, history
from tests.rest.support import nothing_written

FOLIOS_MIN = 200
HOUSES = 105
COMMANDS = 14
TICK = timedelta(microseconds=1)

Recorded = dict[int, bytes]
"""What a query for a folio answered at positions of the log."""


class Recorder:
    """Records what queries for the folios of one house answer, after every command that has changed something."""

    def __init__(self, client: httpx.AsyncClient, house: str) -> None:
        self.client = client
        self.recorded: dict[str, Recorded] = {}
        self._house = house
        self._run = Run(RestDriver(client, house))

    async def play(self, commands: list[Command]) -> None:
        """Send the commands, and record."""
        for command in commands:
            if (await self._run.step(command)).code is None:
                for folio in self._run.folios:
                    await self._record(f"/v1/folios/{self._house}{folio}")

    async def _record(self, path: str) -> None:
        answer = await self.client.get(path)
        assert answer.status_code == 200, answer.text
        of_folio = self.recorded.setdefault(path, {})
        if answer.content not in of_folio.values():
            of_folio[int(answer.headers["Folio-Position"])] = answer.content


async def check_past(client: httpx.AsyncClient, path: str, recorded: Recorded, times: Mapping[int, str]) -> None:
    """From each recorded answer on to the moment before the next, `at` and `position` give that answer."""
    positions = sorted(recorded)
    for number, position in enumerate(positions):
        begins = max(each for each in times if each <= position)
        queries: list[dict[str, Any]] = [{"at": times[begins]} if number % 3 else {"position": position}]
        if number + 1 < len(positions):
            ends = min(each for each in times if each > begins and each > position)
            queries.append({"at": (datetime.fromisoformat(times[ends]) - TICK).isoformat()})
        for query in queries:
            answer = await client.get(path, params=query)
            assert answer.text == recorded[position].decode(), (path, query, position)


async def check_told(client: httpx.AsyncClient, path: str, entries: list[dict[str, Any]]) -> None:
    """History chains to the balance, the explanation and the difference add up to it."""
    folio = (await client.get(path)).json()
    check_chain(entries, folio["balanceAmount"])
    explained = (await client.get(f"{path}/explain")).json()
    assert explained["balanceAmount"] == folio["balanceAmount"] == sum(item["effect"] for item in explained["items"])
    middle, last = entries[len(entries) // 2]["position"], entries[-1]["position"]
    for start, end in ((middle, last), (last, last)):
        told = (await client.get(f"{path}/diff?from={start}&to={end}")).json()
        assert sum(change["balanceEffect"] for change in told["changes"]) == told["balanceAmount"]["effect"]
        assert bool(told["changes"]) == (start < end) or start == middle
    everything = (await client.get(path, params={"effectiveAt": "2999-01-01T00:00:00Z"})).json()
    assert everything == folio


async def test_the_past_of_any_folio_is_what_was_answered_then(client: httpx.AsyncClient, service: Service) -> None:
    folios = 0

    async def play(number: int, sequence: list[Command]) -> None:
        nonlocal folios
        recorder = Recorder(client, f"H{number}.")
        await recorder.play(sequence[:COMMANDS])
        async with nothing_written(service):
            for path, recorded in recorder.recorded.items():
                entries = await history(client, path)
                times = {entry["position"]: entry["recordedAt"] for entry in entries}
                await check_past(client, path, recorded, times)
                await check_told(client, path, entries)
                folios += 1

    await play_many(HOUSES, play)
    assert folios >= FOLIOS_MIN
