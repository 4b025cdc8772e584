"""Clearing away what destroyed keys and erased callbacks leave in their tables, which autovacuum would do later."""

import asyncio
import logging

import psycopg

from services.store.connection import connect_patiently

CLEAR_AWAY = "VACUUM (TRUNCATE false) ledger.personal_data_keys, collection.callbacks"

log = logging.getLogger(__name__)


class Clearing:
    """Clears away in the background, one time after the other, for as long as each takes.

    The space is given free, not overwritten: pages may hold remains until something else is written there.
    """

    def __init__(self, conninfo: str) -> None:
        self._conninfo = conninfo
        self._asked = asyncio.Event()
        self._idle = asyncio.Event()
        self._idle.set()

    def ask(self) -> None:
        """Let it be done soon; what is asked for meanwhile is done once."""
        self._idle.clear()
        self._asked.set()

    async def finished(self) -> None:
        """Wait until all that was asked for is done."""
        await self._idle.wait()

    async def work(self) -> None:
        """Do what is asked for, until cancelled."""
        while True:
            await self._asked.wait()
            self._asked.clear()
            await self._clear_away()
            if not self._asked.is_set():
                self._idle.set()

    async def _clear_away(self) -> None:
        """It needs the right to; where that is missing, PostgreSQL warns and does nothing."""
        try:
            async with await connect_patiently(self._conninfo, "folio clearing") as connection:
                await connection.execute(CLEAR_AWAY)
        except psycopg.Error as error:
            log.warning("what a forgotten guest leaves in the tables waits for autovacuum: %s", type(error).__name__)
