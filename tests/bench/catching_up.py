"""Fill all read models from event 0, and end at the end of the log in the database that FOLIO_DATABASE_URL names."""

import asyncio

import psycopg

from projections.runner import Runner, prepare
from services.bootstrap import READ_MODELS
from services.serving import database
from services.store.codec import EventCodec
from services.store.migrate import migrate
from services.terminal import DEFAULT_DATA, read_settings

STANDSTILL_SECONDS_MAX = 10.0
FORGET = "DELETE FROM read_model.definitions"
SELECT_HEAD = "SELECT position FROM ledger.log_head"


async def catch_up(conninfo: str) -> None:
    """Run until the last event of this moment is applied."""
    with psycopg.connect(conninfo, autocommit=True) as connection:
        connection.execute(FORGET)
        prepare(conninfo, READ_MODELS)
        row = connection.execute(SELECT_HEAD).fetchone()
    runner = Runner(conninfo, READ_MODELS, EventCodec(transcoder=None))  # type: ignore[arg-type]
    await runner.start()
    reached = -1
    while not await runner.wait_for(row[0] if row else 0, STANDSTILL_SECONDS_MAX):
        if runner.position == reached:
            raise SystemExit(f"the read models stand still at position {reached}")
        reached = runner.position
    await runner.close()


def main() -> None:
    """Migrate and catch up."""
    with database(read_settings(), DEFAULT_DATA) as conninfo:
        migrate(conninfo)
        asyncio.run(catch_up(conninfo))


if __name__ == "__main__":
    main()
