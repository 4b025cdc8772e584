"""Any sequence of requests: the service on PostgreSQL answers as the model does, and its rows follow from the log."""

import asyncio
from itertools import count

import httpx
import pytest
from hypothesis import given, note
from hypothesis import strategies as st

from projections.payment_requests import PAYMENT_REQUESTS
from services.bootstrap import Service
from tests.properties.commands import Command
from tests.properties.profile import tried
from tests.properties.rebuilding import rebuild, rows_of_all_read_models
from tests.properties.rest_driver import RestDriver
from tests.properties.run import Run
from tests.properties.strategies import commands, first_bills

EXAMPLES = 50


async def play_many(client: httpx.AsyncClient) -> None:
    """Run after run on the running service, each in a house of its own."""
    loop, numbers = asyncio.get_running_loop(), count(1)

    async def play(sequence: list[Command]) -> None:
        run = Run(RestDriver(client, f"R{next(numbers)}."))
        await run.play(sequence)
        await run.check_queries()

    @tried(EXAMPLES, shrink=False)
    @given(first_bills(), st.lists(commands, min_size=25, max_size=40))
    def any_sequence(first: list[Command], then: list[Command]) -> None:
        for command in [*first, *then]:
            note(repr(command))
        asyncio.run_coroutine_threadsafe(play([*first, *then]), loop).result()

    await asyncio.to_thread(any_sequence)


async def test_any_sequence_of_requests_is_answered_and_shown_as_the_model_has_it_and_can_be_rebuilt(
    service: Service, client: httpx.AsyncClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    await play_many(client)
    await service.runner.close()
    live = rows_of_all_read_models(service.conninfo)
    # Nobody is asked for money here: that needs a provider, and is rebuilt in tests/payssam/faults.
    assert min(len(rows) for name, rows in live.items() if name != PAYMENT_REQUESTS.name) > EXAMPLES
    for batch_events in (500, 23, 1):
        assert await rebuild(service.conninfo, batch_events, monkeypatch) == live
