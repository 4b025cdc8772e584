"""Any sequence of commands, generated in a thread beside the loop in which the service runs."""

import asyncio
from collections.abc import Awaitable, Callable
from itertools import count
from typing import Any

from hypothesis import given, note
from hypothesis import strategies as st

from tests.properties.commands import Command
from tests.properties.profile import tried
from tests.properties.strategies import commands, first_bills

Play = Callable[[int, list[Any]], Awaitable[None]]


async def play_many(examples: int, play: Play, acts: st.SearchStrategy[Any] = commands) -> None:
    """Play so many sequences, each with a number of its own, on the running service.

    They begin with a few bills; what follows are commands, or other acts that `play` knows.
    """
    loop, numbers = asyncio.get_running_loop(), count(1)

    async def playing(sequence: list[Any]) -> None:
        await play(next(numbers), sequence)

    @tried(examples, shrink=False)
    @given(first_bills(), st.lists(acts, min_size=25, max_size=40))
    def any_sequence(first: list[Command], then: list[Any]) -> None:
        for command in [*first, *then]:
            note(repr(command))
        asyncio.run_coroutine_threadsafe(playing([*first, *then]), loop).result()

    await asyncio.to_thread(any_sequence)
