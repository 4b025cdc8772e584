"""A wrong value has the same code through REST and through GraphQL, whichever part of either finds it first."""

from collections.abc import Iterator, Mapping
from dataclasses import replace
from typing import Any

import pytest

from services.bootstrap import Service
from tests.conftest import Desk
from tests.graphql.faces import Faces, pointers
from tests.operations import THE_ID, Asked
from tests.rest.samples import Sample, changed, objects_in, samples
from tests.rest.support import UNKNOWN_ULID, nothing_written

REQUIRED, INVALID = "REQUIRED_PARAMETER", "INVALID_PARAMETER"
TEXTS = ("text", "short", "reason", "method", "time", "ulid")
AMOUNTS = ("amount", "positive")
SINGLE = (*TEXTS, *AMOUNTS, "id", "flag")

WRONG: Mapping[str, Mapping[str, Any]] = {
    "is a number where text belongs": dict.fromkeys(TEXTS, 5),
    "is true where text or a number belongs": dict.fromkeys((*TEXTS, *AMOUNTS, "id"), True),
    "is text where a number belongs": dict.fromkeys(AMOUNTS, "100"),
    "is text where true or false belongs": {"flag": "true"},
    "is 1 where true or false belongs": {"flag": 1},
    "is text where a list or a part belongs": {"list": "x", "part": "x"},
    "is a list of texts where parts belong": {"list": ["x"]},
    "is an object where one value belongs": {kind: {} for kind in SINGLE},
    "is a list where one value belongs": {kind: [] for kind in SINGLE},
    "is empty": dict.fromkeys((*TEXTS, "id"), ""),
    "is blank": dict.fromkeys(("text", "short", "reason"), " "),
    "has a line break in it": dict.fromkeys(("text", "short", "reason", "id"), "a\nb"),
    "is longer than it may be": {"text": "x" * 201, "short": "x" * 61, "reason": "x" * 501, "id": "x" * 65,
                                 "method": "X" * 33, "ulid": UNKNOWN_ULID + "0"},
    "is a fraction": dict.fromkeys(AMOUNTS, 1.5),
    "is a whole number with a point": dict.fromkeys(AMOUNTS, 1.0),
    "is negative where something must be given": {"positive": -1},
    "is 0 where something must be given": {"positive": 0},
    "is 10^15 + 1": dict.fromkeys(AMOUNTS, 10**15 + 1),
    "is -10^15 - 1": dict.fromkeys(AMOUNTS, -(10**15) - 1),
    "is 2^53 + 1": dict.fromkeys(AMOUNTS, 2**53 + 1),
    "is 10^400": dict.fromkeys(AMOUNTS, 10**400),
    "is an id of the wrong form": {"id": "a b", "ulid": UNKNOWN_ULID.lower()},
    "is no payment method": {"method": "card"},
    "is a time without an offset": {"time": "2026-11-22T14:00:00"},
}  # fmt: skip
"""How a value is wrong, and the wrong value for each kind of value."""


MISSING: Mapping[str, tuple[Any, ...]] = {"is left out": (), "is null": (None,)}
"""How a value is missing that is needed."""


@pytest.fixture
async def commands(desk: Desk) -> list[Sample]:
    """A good command of every kind, on things that exist."""
    bill = await desk.add_bill()
    payment = await desk.pay(bill, 1)
    return list(samples(bill["id"], payment["id"]))


def values(commands: list[Sample]) -> Iterator[tuple[Asked, str, str]]:
    """Every value of every command: the command, the value's pointer, its kind."""
    for asked, fields in commands:
        for pointer, kind in fields.items():
            yield asked, pointer, kind


async def test_a_wrong_value_is_invalid_wherever_it_is_found(
    faces: Faces, service: Service, commands: list[Sample]
) -> None:
    async with nothing_written(service):
        for asked, pointer, kind in values(commands):
            for how, wrong in WRONG.items():
                if kind.rstrip("!") in wrong:
                    members = changed(asked.members, pointer, wrong[kind.rstrip("!")])
                    sentence = f"{asked.mutation} where {pointer} {how}"
                    await faces.expect_code(INVALID, replace(asked, members=members), f"/{pointer}", sentence)


async def test_a_value_that_is_missing_is_required_wherever_it_is_found(
    faces: Faces, service: Service, commands: list[Sample]
) -> None:
    async with nothing_written(service):
        for asked, pointer, kind in values(commands):
            for how, value in MISSING.items() if kind.endswith("!") else ():
                members = changed(asked.members, pointer, *value)
                sentence = f"{asked.mutation} where {pointer} {how}"
                await faces.expect_code(REQUIRED, replace(asked, members=members), f"/{pointer}", sentence)


async def test_a_member_of_an_unknown_name_is_invalid_at_every_depth(
    faces: Faces, service: Service, commands: list[Sample]
) -> None:
    async with nothing_written(service):
        for asked, _ in commands:
            for place in objects_in(asked.members):
                more = replace(asked, members=changed(asked.members, f"{place}surprise", 1))
                assert (await faces.rest.ask(more)).code == INVALID, more
                assert (await faces.in_document(more)).code == INVALID, more


async def test_a_list_that_is_empty_or_too_long_is_invalid(
    faces: Faces, service: Service, commands: list[Sample]
) -> None:
    async with nothing_written(service):
        for asked, pointer, kind in values(commands):
            for times in (0, 501) if kind == "list!" else ():
                many = replace(asked, members=changed(asked.members, pointer, asked.members[pointer] * times))
                rest = await faces.rest.ask(many)
                assert (rest.code, pointers(rest)) == (INVALID, [f"/{pointer}"])
                assert await faces.graphql.ask(many) == rest, f"{asked.mutation} with {times} {pointer}"


async def test_an_id_of_the_wrong_form_is_invalid_and_named(
    faces: Faces, service: Service, commands: list[Sample]
) -> None:
    async with nothing_written(service):
        for asked, _ in commands:
            for wrong in ("a b", "x" * 65, "한글", "a\n") if asked.operation.id_argument else ():
                of_it = replace(asked, id=wrong)
                await faces.expect_code(INVALID, of_it, THE_ID, f"{asked.mutation} of {wrong}")
                assert pointers(await faces.graphql.ask(of_it)) == [THE_ID]
