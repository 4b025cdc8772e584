"""The report of movements while the read models stand inside a commit: the same bytes as ever after."""

from collections.abc import Mapping, Sequence
from typing import Any

import httpx
import psycopg
import pytest

from projections.entries import NEVER
from projections.reports import REPORTS as ALL
from services.bootstrap import Service
from tests.conftest import Desk
from tests.rest.report_house import open_day, report

SIDES = ("fromEffect", "toEffect")
KEYS = {"movement": ("businessDate", "movement"), "kind": ("businessDate", "kind")}
STAND_AT = (
    "UPDATE read_model.positions SET notification_id = {position}",
    "DELETE FROM read_model.bill_entries WHERE position > {position}",
    f"UPDATE read_model.bill_entries SET next_position = {NEVER} WHERE next_position > {{position}}",
)
"""What the read models were when they had taken everything up to a position, and nothing after it."""


@pytest.fixture
async def period(desk: Desk) -> dict[str, str]:
    """The day on which everything moved that can, bills settled several times by the same amount in one commit."""
    room, bar, other = [(await desk.add_bill("F-1", total))["id"] for total in (100, 40, 9)]
    settled = [(bar, 5), (bar, 5), (other, 5), (bar, 6), (bar, 5)]
    settlements = [{"targetBillId": target, "settledAmount": amount} for target, amount in settled]
    split = {"bills": [{"id": room, "splitAmount": 30}, {"id": bar}], "folioId": "F-2"}
    reserved = {"bills": [{"id": room}], "folioId": "F-1", "reservationId": "R-1"}
    whole = {"bills": [{"id": room}, {"id": other}], "folioId": "F-2"}
    for path, body in (
        (f"/v1/bills/{room}/settlements", {"settlements": settlements}),
        (f"/v1/bills/{room}/settlements", {"settlements": settlements[:1]}),
        ("/v1/bills/transfer", split),
        ("/v1/bills/transfer", reserved),
        ("/v1/bills/transfer", whole),
    ):
        desk.expect(200, await desk.client.post(path, json=body))
    day = await open_day(desk.client)
    return {"from": day, "to": day}


async def movements(client: httpx.AsyncClient, period: Mapping[str, str], position: int) -> Sequence[httpx.Response]:
    """The report at a position, explained, in each of its groupings, wherever the read models stand."""
    given = {**period, "explain": "true", "position": str(position), "consistency": "eventual"}
    return [await report(client, "movements", **given, groupBy=grouping) for grouping in ALL["movements"].groupings]


async def test_movements_at_a_position_are_the_same_bytes_inside_a_commit_and_after_it(
    service: Service, client: httpx.AsyncClient, period: dict[str, str]
) -> None:
    head = await service.store.position()
    after = {at: [each.content for each in await movements(client, period, at)] for at in range(head + 1)}
    await service.runner.close()
    with psycopg.connect(service.conninfo, autocommit=True) as connection:
        for position in reversed(after):
            for statement in STAND_AT:
                connection.execute(statement.format(position=position).encode())
            within = [each.content for each in await movements(client, period, position)]
            assert within == after[position], position


async def test_movements_are_made_of_each_event_once_and_of_none_after_the_position(
    service: Service, client: httpx.AsyncClient, period: dict[str, str]
) -> None:
    head = await service.store.position()
    for position in range(head + 1):
        for answer in await movements(client, period, position):
            told = answer.json()
            counted = [event["position"] for event in told["events"]]
            assert len(set(counted)) == len(counted)
            assert all(each <= position for each in counted)
            keys = KEYS[told["groupBy"]]
            rows = {tuple(row[key] for key in keys): tuple(row[side] for side in SIDES) for row in told["rows"]}
            assert sums(told["events"], keys) == rows
    rows = (await movements(client, period, head))[0].json()["rows"]
    moved = [(row["kind"], row["fromEffect"], row["toEffect"]) for row in rows]
    assert sorted(moved[:6]) == [("SETTLEMENT", -amount, amount) for amount in (6, 5, 5, 5, 5, 5)]
    assert moved[6:] == [
        ("SPLIT", -30, 30),
        ("TRANSFER", -14, 14),
        ("RESERVATION", 0, 0),
        ("TRANSFER", -101, 101),
        ("TRANSFER", -4, 4),
    ]


async def test_the_first_of_equal_settlements_in_a_command_goes_with_the_first_other_side(
    service: Service, client: httpx.AsyncClient, period: dict[str, str]
) -> None:
    head = await service.store.position()
    told = (await movements(client, period, head))[0].json()
    others = {event["movement"]: event["position"] for event in told["events"] if event["toEffect"]}
    assert len(others) == len([row for row in told["rows"] if row["toEffect"]])
    fives = [row for row in told["rows"] if row["kind"] == "SETTLEMENT" and row["toEffect"] == 5]
    pairs = [(others[row["movement"]], row) for row in fives]
    for bill_id in {row["fromBillId"] for row in fives}:
        in_order = [position for position, row in pairs if row["fromBillId"] == bill_id]
        assert in_order == sorted(set(in_order))


def sums(events: Sequence[Mapping[str, Any]], keys: Sequence[str]) -> dict[tuple[Any, ...], tuple[int, ...]]:
    """What the events make of both sides, by key."""
    found: dict[tuple[Any, ...], tuple[int, ...]] = {}
    for event in events:
        key = tuple(event[name] for name in keys)
        before = found.get(key, (0,) * len(SIDES))
        found[key] = tuple(each + event[side] for each, side in zip(before, SIDES, strict=True))
    return found
