"""A ledger that is there, for commands that look at an accommodation in it and make nothing."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from projections.accommodations import find_accommodation
from projections.reading import Freshness, NotCaughtUp
from projections.report_reading import ReportTooLong
from services.billing.ports import TooBusy
from services.bootstrap import Service, make_service
from services.store.connection import connect_blocking
from services.terminal import NO_LEDGER, fail, until_ready

IS_THERE = "SELECT to_regclass('ledger.events') IS NOT NULL"


@asynccontextmanager
async def existing_ledger(conninfo: str, accommodation_id: str) -> AsyncIterator[Service]:
    """A service of this command's own on it. Ends the command where there is no ledger, or nothing has happened at the
    accommodation: its id is mistyped; and where what is asked of it cannot be read now.
    """
    await asyncio.to_thread(_check_there, conninfo)
    async with make_service(conninfo, attended=False) as service:
        await until_ready(service)
        answer = await find_accommodation(service.reader, accommodation_id, Freshness())
        if not answer.rows[0]["version"]:
            fail(f"Nothing has happened at an accommodation {accommodation_id}; its id must be as the PMS gives it.")
        try:
            yield service
        except (NotCaughtUp, TooBusy, ReportTooLong) as error:
            fail(str(error))


def _check_there(conninfo: str) -> None:
    with connect_blocking(conninfo) as connection:
        if connection.execute(IS_THERE).fetchone() != (True,):
            fail(NO_LEDGER)
