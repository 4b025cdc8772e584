"""A sealed log with every kind of event, and what somebody with every right of the database does to it."""

import asyncio
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

import psycopg
import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from psycopg.conninfo import make_conninfo

from services.audit.findings import Finding, Kind
from services.audit.whole import LogCheck
from services.store.sealer import Sealer
from tests.collection.front import open_front
from tests.history.examples import event_classes
from tests.projections.books import caught_up, following, open_books
from tests.projections.test_payment_requests import live

Administrator = psycopg.Connection[tuple[Any, ...]]

PROTECTED = ("events", "aliases", "links", "checkpoints", "signing_keys")
ACCOMMODATION = "/v1/accommodations/HOTEL-1"


@dataclass(frozen=True)
class SealedLog:
    """A log that nobody writes to, sealed with three checkpoints up to its end."""

    conninfo: str
    key: Ed25519PrivateKey
    head: int

    @property
    def administrators_conninfo(self) -> str:
        """The address, for the superuser."""
        return make_conninfo(self.conninfo, user="postgres")

    def look(self, administrator: Administrator, **options: Any) -> list[Finding]:
        """What the check finds in an open transaction."""
        check = LogCheck([self.key.public_key()], **options)
        return list(check.look(administrator, self.head, lambda name: None, lambda position, head: None))

    def kinds(self, administrator: Administrator, **options: Any) -> set[Kind]:
        """The kinds of what the check finds in an open transaction."""
        return {finding.kind for finding in self.look(administrator, **options)}


def make_sealed_log(conninfo: str) -> SealedLog:
    """Fill an empty ledger with every kind of event and seal it."""
    key = Ed25519PrivateKey.generate()
    sealer = Sealer(conninfo, key)
    asyncio.run(_fill(conninfo, sealer))
    sealer.close()
    with psycopg.connect(conninfo) as connection:
        topics = {topic for (topic,) in connection.execute("SELECT DISTINCT topic FROM ledger.events")}
        row = connection.execute("SELECT max(notification_id) FROM ledger.events").fetchone()
    assert topics == {event.TOPIC for event in event_classes()}
    assert row is not None
    return SealedLog(conninfo, key, row[0])


async def _fill(conninfo: str, sealer: Sealer) -> None:
    async with open_front(conninfo) as front:
        with pytest.MonkeyPatch.context() as patch:
            await live(front, patch)
        front.desk.expect(200, await front.client.put(ACCOMMODATION, json={"name": "Seoul Garden Hotel"}))
        front.desk.expect(200, await front.client.post(f"{ACCOMMODATION}/days/2020-01-01/close"))
        forgotten = await front.client.post("/v1/folios/FOLIO-1/privacy/forget", json={"reason": "as asked"})
        front.desk.expect(200, forgotten)
        await asyncio.to_thread(sealer.checkpoint)
    async with open_books(conninfo) as books:
        for folio in ("FOLIO-A", "FOLIO-B"):
            await books.have_a_day(folio)
            await asyncio.to_thread(sealer.checkpoint)
        async with following(conninfo):
            await caught_up(conninfo, await books.store.position())


@contextmanager
def unprotected(administrator: Administrator) -> Iterator[None]:
    """Disable the triggers that keep the log from being changed, and enable them again."""
    _switch(administrator, "DISABLE")
    yield
    _switch(administrator, "ENABLE ALWAYS")


def _switch(administrator: Administrator, how: str) -> None:
    switches = [f"ALTER TABLE ledger.{table} {how} TRIGGER refuse_change" for table in PROTECTED]
    administrator.execute("; ".join(switches).encode())
