"""Long work in pieces: others in this process have their turn in between."""

import asyncio
from collections.abc import AsyncIterator, Iterable
from typing import TypeVar

T = TypeVar("T")

AT_ONCE = 100
"""Events, or things of their size, that are worked on before others have their turn: some milliseconds' worth."""


async def in_turns(things: Iterable[T]) -> AsyncIterator[T]:
    """The things one by one, with a turn for others after every so many."""
    for number, thing in enumerate(things, 1):
        yield thing
        if number % AT_ONCE == 0:
            await asyncio.sleep(0)
