"""Dry runs: they foretell what a batch would do, and leave nothing behind."""

import asyncio
from typing import Any

import httpx
import pytest

from services.bootstrap import Service
from tests.collection.front import ASK, OPERATIONS, open_front
from tests.conftest import Desk
from tests.properties.aiming import aimed
from tests.properties.commands import Command
from tests.properties.playing import play_many
from tests.properties.rest_driver import RestDriver
from tests.properties.run import Run
from tests.properties.strategies import FOLIOS
from tests.rest.foretelling import DRY, foretold, happened, item_of, named
from tests.rest.support import NEW_BILL, PAYMENT, UNKNOWN_ULID, expect_problem, line
from tests.rest.test_batches import FAILING, WRONG, item
from tests.serving import MakeClient
from tests.store.contents import settled_digests

EXAMPLES = 12
PLAYED = 20
ACCOUNT = {"bankCode": "088", "accountNumber": "110-123-456789", "accountHolder": "홍길동"}
WITH_ACCOUNT = {**PAYMENT, "paymentMethod": "VIRTUAL_ACCOUNT", "virtualAccounts": [ACCOUNT]}


async def dry(client: httpx.AsyncClient, *items: Any, key: str | None = None, **more: Any) -> httpx.Response:
    headers = {} if key is None else {"Idempotency-Key": key}
    return await client.post(DRY, json={"commands": items, **more}, headers=headers)


async def test_any_batch_does_what_its_dry_run_has_foretold_and_the_dry_run_changes_no_byte(
    service: Service, client: httpx.AsyncClient
) -> None:
    async def play(number: int, sequence: list[Command]) -> None:
        run = Run(RestDriver(client, f"D{number}."))
        await run.play(sequence[:PLAYED])
        items = [item_of(run.aimed(command)) for command in sequence[PLAYED:]]
        folio_ids = [f"D{number}.{folio}" for folio in FOLIOS]
        for body in (
            {"atomic": True, "commands": items[:2]},
            {"atomic": True, "commands": items},
            {"commands": items},
        ):
            before = await settled_digests(service)
            said = await foretold(client, body)
            assert await settled_digests(service) == before
            assert named(f"D{number}.", said) == named(f"D{number}.", await happened(client, body, folio_ids))

    await play_many(EXAMPLES, play)
