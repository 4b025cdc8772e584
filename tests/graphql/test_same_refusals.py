"""What is refused for the thing, the version, the caller or the key is refused alike through REST and GraphQL."""

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import replace
from typing import Any

import pytest

from services.access import Role
from services.bootstrap import Service
from services.store.api_keys import create_key
from tests.conftest import Desk
from tests.graphql.faces import Faces
from tests.operations import Asked
from tests.rest.samples import samples
from tests.rest.support import NEW_BILL, UNKNOWN_ULID, nothing_written

NOT_FOUND, INVALID = "DATA_NOT_FOUND_ON_ID", "INVALID_PARAMETER"


async def commands(desk: Desk) -> list[Asked]:
    """A good command of every kind, on things of its own."""
    bill = await desk.add_bill()
    payment = await desk.pay(bill, 1)
    return [asked for asked, _ in samples(bill["id"], payment["id"])]


def settling(target: str) -> dict[str, Any]:
    """The members of a command that settles one bill."""
    return {"settlements": [{"targetBillId": target, "settledAmount": 1}]}


def commands_on(bill: str, payment: str, ours: str) -> list[Asked]:
    """Every command on a bill and a payment, and those on our bill that name the other one in their members."""
    return [
        *[asked for asked, _ in samples(bill, payment) if asked.operation.id_name in {"billId", "paymentId"}],
        Asked("settleBills", ours, settling(bill)),
        Asked("addBillToFolio", "FOLIO-1", {**NEW_BILL, **settling(bill)}),
        Asked("transferBills", "", {"bills": [{"id": ours}, {"id": bill}], "folioId": "F-2"}),
    ]


async def take_key(faces: Faces, service: Service, role: Role, accommodations: list[str] | None = None) -> None:
    """Let both faces be asked by the holder of a new key."""
    key = await asyncio.to_thread(create_key, service.conninfo, "somebody", role, accommodations)
    faces.client.headers["Authorization"] = f"Bearer {key}"


async def test_what_does_not_exist_is_not_found(faces: Faces, desk: Desk, service: Service) -> None:
    ours = await desk.add_bill()
    async with nothing_written(service):
        for asked in commands_on(UNKNOWN_ULID, UNKNOWN_ULID, ours["id"]):
            await faces.expect(NOT_FOUND, asked, f"{asked.mutation} of nothing")


async def test_what_was_deleted_is_not_found(faces: Faces, desk: Desk, service: Service) -> None:
    ours, gone = await desk.add_bill(), await desk.add_bill()
    payment = await desk.pay(ours, 1)
    for path in (f"/v1/payments/{payment['id']}", f"/v1/bills/{gone['id']}"):
        desk.expect(204, await desk.client.delete(path))
    async with nothing_written(service):
        for asked in commands_on(gone["id"], payment["id"], ours["id"]):
            await faces.expect(NOT_FOUND, asked, f"{asked.mutation} of what was deleted")


async def test_what_a_key_does_not_reach_is_not_found(faces: Faces, desk: Desk, service: Service) -> None:
    ours, theirs = await desk.add_bill(), await desk.add_bill("FOLIO-2", accommodationId="HOTEL-2")
    payment = await desk.pay(theirs, 1)
    hidden = [
        *commands_on(theirs["id"], payment["id"], ours["id"]),
        Asked("configureAccommodation", "HOTEL-2", {"name": "Inn"}),
        Asked("addBillToFolio", "FOLIO-2", NEW_BILL),
        Asked("addBillToFolio", "FOLIO-3", {**NEW_BILL, "accommodationId": "HOTEL-2"}),
        Asked("transferBills", "", {"bills": [{"id": ours["id"]}], "folioId": "FOLIO-2"}),
    ]
    await take_key(faces, service, "pms", ["HOTEL-1"])
    async with nothing_written(service):
        for asked in hidden:
            await faces.expect(NOT_FOUND, asked, f"{asked.mutation} of another accommodation")


async def test_what_is_of_another_accommodation_is_invalid(faces: Faces, desk: Desk, service: Service) -> None:
    bill, other = [(await desk.add_bill(f"FOLIO-{n}", accommodationId=f"HOTEL-{n}"))["id"] for n in (1, 2)]
    wrong = {
        "a bill for a folio of another": Asked("addBillToFolio", "FOLIO-2", NEW_BILL),
        "a bill that settles one of another": Asked("addBillToFolio", "FOLIO-1", {**NEW_BILL, **settling(other)}),
        "a settlement of a bill of another": Asked("settleBills", bill, settling(other)),
        "a transfer to a folio of another": Asked("transferBills", "", {"bills": [{"id": bill}], "folioId": "FOLIO-2"}),
        "a transfer of bills of two": Asked(
            "transferBills", "", {"bills": [{"id": bill}, {"id": other}], "folioId": "FOLIO-3"}
        ),
    }
    async with nothing_written(service):
        for sentence, asked in wrong.items():
            await faces.expect(INVALID, asked, f"{sentence} accommodation")


async def test_a_version_that_is_no_longer_so_does_not_match(faces: Faces, desk: Desk, service: Service) -> None:
    asked = [replace(each, version=99) for each in await commands(desk) if each.mutation != "addBillToFolio"]
    async with nothing_written(service):
        for each in asked:
            await faces.expect("VERSION_MISMATCH", each, f"{each.mutation} at a version that is no longer so")


async def test_a_key_that_may_only_ask_is_forbidden_every_command(faces: Faces, desk: Desk, service: Service) -> None:
    asked = await commands(desk)
    await take_key(faces, service, "auditor")
    async with nothing_written(service):
        for each in asked:
            await faces.expect("FORBIDDEN", each, f"{each.mutation} by an auditor")


async def test_an_idempotency_key_of_another_command_is_refused(faces: Faces, desk: Desk, service: Service) -> None:
    asked = await commands(desk)
    first = Asked("configureAccommodation", "HOTEL-9", {"name": "Inn"}, key="key")
    assert (await faces.rest.ask(first)).code is None
    async with nothing_written(service):
        for each in asked:
            await faces.expect("IDEMPOTENCY_KEY_REUSED", replace(each, key="key"), f"{each.mutation} under its key")


class Gate:
    """Holds the first commit up until it is opened."""

    def __init__(self, commit: Callable[..., Awaitable[int | None]]) -> None:
        self._commit = commit
        self.reached, self.opened = asyncio.Event(), asyncio.Event()

    async def commit(self, commit: object) -> int | None:
        """Commit, the first one once the gate is open."""
        if not self.reached.is_set():
            self.reached.set()
            await self.opened.wait()
        return await self._commit(commit)


async def test_an_idempotency_key_is_in_use_while_its_first_command_runs(
    faces: Faces, desk: Desk, service: Service, monkeypatch: pytest.MonkeyPatch
) -> None:
    commit = service.committer.commit
    for number, driver in enumerate(faces.both):
        for each in await commands(desk):
            gate, asked = Gate(commit), replace(each, key=f"{each.mutation} {number}")
            monkeypatch.setattr(service.committer, "commit", gate.commit)
            first = asyncio.create_task(driver.ask(asked))
            await gate.reached.wait()
            second = await driver.ask(asked)
            gate.opened.set()
            assert second.code == "IDEMPOTENCY_KEY_IN_USE", asked
            answered = await first
            assert await driver.ask(asked) == replace(answered, replayed=True), asked


async def test_an_idempotency_key_gives_the_first_answer_again_be_it_a_refusal(
    faces: Faces, desk: Desk, service: Service
) -> None:
    codes = []
    for number, driver in enumerate(faces.both):
        asked = [replace(each, key=f"{each.mutation} {number}") for each in await commands(desk)]
        firsts = [await driver.ask(each) for each in asked]
        async with nothing_written(service):
            assert [await driver.ask(each) for each in asked] == [replace(first, replayed=True) for first in firsts]
        codes.append([first.code for first in firsts])
    assert codes[0] == codes[1]
    assert {None, "INVALID_STATE"} < set(codes[0])
