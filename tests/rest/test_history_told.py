"""How a balance came about, and what changed between two points: sentences whose effects add up."""

from itertools import combinations
from typing import Any

import pytest

from services.desk import history as history_module
from services.rest.history_schemas import Explanation, FolioDifference
from services.store.past_log import PastLog
from tests.conftest import Desk
from tests.rest.past import history, lively_folio
from tests.rest.support import expect_problem
from tests.serving import MakeClient

FOLIO = "/v1/folios/FOLIO-1"
SUMS = ("totalAmount", "paidAmount", "balanceAmount")


async def diff(desk: Desk, **points: Any) -> dict[str, Any]:
    """What changed, in the form that is described."""
    told = desk.expect(200, await desk.client.get(f"{FOLIO}/diff", params=points))
    FolioDifference.model_validate(told)
    return told


async def explained(desk: Desk, path: str, **point: Any) -> dict[str, Any]:
    """How a balance came about, in the form that is described; it adds up."""
    told = desk.expect(200, await desk.client.get(f"{path}/explain", params=point))
    Explanation.model_validate(told)
    running = 0
    for item in told["items"]:
        running += item["effect"]
        assert item["effect"] != 0
        assert item["runningBalance"] == running
        assert item["sentence"].endswith(".")
    assert running == told["balanceAmount"]
    return told


async def test_an_explanation_adds_up_to_the_balance_now_and_at_every_point(desk: Desk) -> None:
    known = await lively_folio(desk)
    for entry in await history(desk.client, FOLIO):
        position = {"position": entry["position"]}
        then = desk.expect(200, await desk.client.get(FOLIO, params=position))
        assert (await explained(desk, FOLIO, **position))["balanceAmount"] == then["balanceAmount"]
        at = {"at": entry["recordedAt"]}
        assert (await explained(desk, FOLIO, **at))["balanceAmount"] == (
            desk.expect(200, await desk.client.get(FOLIO, params=at))["balanceAmount"]
        )
    for name in ("room", "bar", "carried"):
        path = f"/v1/bills/{known[name]['id']}"
        told = await explained(desk, path)
        assert told["balanceAmount"] == (await desk.bill(known[name]["id"]))["balanceAmount"]
        assert {item["billId"] for item in told["items"]} == {told["billId"]} == {known[name]["id"]}
    answer = await desk.client.get(f"/v1/bills/{known['gone']['id']}/explain")
    assert "was deleted at" in expect_problem(answer, 404, "DATA_NOT_FOUND_ON_ID")["detail"]


async def test_a_difference_adds_up_between_any_two_points_and_is_empty_between_equal_ones(desk: Desk) -> None:
    await lively_folio(desk)
    positions = [0, *(entry["position"] for entry in await history(desk.client, FOLIO))]
    for start, end in [*combinations(positions[::3], 2), (positions[-1], positions[-1]), (positions[2], positions[2])]:
        told = await diff(desk, **{"from": start, "to": end})
        assert sum(change["balanceEffect"] for change in told["changes"]) == told["balanceAmount"]["effect"]
        assert [each["position"] for each in told["changes"]] == [each for each in positions if start < each <= end]
        for point, side in ((start, "before"), (end, "after")):
            answer = await desk.client.get(FOLIO, params={"position": point})
            folio = answer.json() if answer.status_code == 200 else dict.fromkeys(SUMS, 0)
            assert {name: told[name][side] for name in SUMS} == {name: folio[name] for name in SUMS}


async def test_points_are_times_or_positions_and_the_end_is_now_by_default(desk: Desk) -> None:
    await lively_folio(desk)
    entries = await history(desk.client, FOLIO)
    first, last = entries[0], entries[-1]
    whole = await diff(desk, **{"from": "2026-01-01T09:00:00+09:00"})
    assert whole["from"] == {"position": 0, "time": "2026-01-01T00:00:00Z"}
    assert whole["changes"] == (await diff(desk, **{"from": 0}))["changes"]
    assert len(whole["changes"]) == len(entries)
    by_time = await diff(desk, **{"from": first["recordedAt"], "to": last["recordedAt"]})
    by_position = await diff(desk, **{"from": by_time["from"]["position"], "to": last["position"]})
    assert by_time["changes"] == by_position["changes"]
    assert by_position["to"] == {"position": last["position"], "time": last["recordedAt"]}


async def test_a_position_tells_nobody_when_others_were_at_work(desk: Desk, client_of: MakeClient) -> None:
    await desk.add_bill()
    last = (await history(desk.client, FOLIO))[-1]
    for _ in range(2):
        await desk.add_bill("FOLIO-9", accommodationId="HOTEL-9")
    limited = await client_of("limited", "auditor", ["HOTEL-1"])
    answer = await limited.get(f"{FOLIO}/diff?from={last['position'] + 1}")
    told, head = desk.expect(200, answer), int(answer.headers["Folio-Position"])
    assert told["from"] == {"position": last["position"] + 1, "time": last["recordedAt"]}
    assert told["to"] == {"position": head, "time": last["recordedAt"]}
    before = desk.expect(200, await limited.get(f"{FOLIO}/diff?from=0"))
    assert before["from"] == {"position": 0, "time": None}


async def test_every_change_is_told_in_a_sentence_with_its_amounts(desk: Desk) -> None:
    known = await lively_folio(desk)
    told = [(change["kind"], change["sentence"]) for change in (await diff(desk, **{"from": 0}))["changes"]]
    room, bar, gone = (known[name]["billCode"] for name in ("room", "bar", "gone"))
    suite = f'{room} "Suite [deluxe]"'
    assert told == [
        ("FOLIO_OPENED", "Folio FOLIO-1 was opened."),
        ("BILL_ADDED", f'Bill {room} "Room charge" was added: 100,000 KRW.'),
        ("BILL_ADDED", f'Bill {bar} "Minibar" was added: 12,000 KRW.'),
        ("PAYMENT_RECORDED", f'A payment of 30,000 KRW by VIRTUAL_ACCOUNT was recorded on bill {room} "Room charge".'),
        ("PAYMENT_RECORDED", f'A payment of 7,000 KRW by CARD was recorded on bill {room} "Room charge"; the balance'
         " does not count it."),
        ("BILL_ADDED", f'Bill {gone} "Mistake" was added: 900 KRW.'),
        ("BILL_CHANGED", f'Bill {suite} was changed: its name from "Room charge" to "Suite [deluxe]", its total from'
         " 100,000 KRW to 140,000 KRW, its balance from 70,000 KRW to 110,000 KRW."),
        ("PAYMENT_CHANGED", f"The payment of 35,000 KRW by VIRTUAL_ACCOUNT on bill {suite} was changed: its amount from"
         " 30,000 KRW to 35,000 KRW, the bill's balance from 110,000 KRW to 105,000 KRW."),
        ("SETTLED", f'Bill {suite} took 2,000 KRW over from bill {bar} "Minibar".'),
        ("SETTLED", f'2,000 KRW of bill {bar} "Minibar" were settled by bill {suite}.'),
        ("SETTLED", f'Bill {suite} took 2,000 KRW over from bill {bar} "Minibar".'),
        ("SETTLED", f'2,000 KRW of bill {bar} "Minibar" were settled by bill {suite}.'),
        ("BILL_MOVED_AWAY", f"500 KRW of bill {suite} were moved to folio FOLIO-2."),
        ("BILL_CHANGED", f"Bill {suite} was moved to reservation R-1."),
        ("PAYMENT_CANCELLED", f"The payment of 35,000 KRW by VIRTUAL_ACCOUNT on bill {suite} was cancelled."),
        ("PAYMENT_DELETED", f"The payment of 7,000 KRW by CARD on bill {suite} was deleted."),
        ("BILL_DELETED", f'Bill {gone} "Mistake" was deleted: its balance of 900 KRW is gone.'),
        ("BILL_CANCELLED", f"Bill {suite} was cancelled: 139,500 KRW are no longer charged."),
        ("BILL_MOVED_AWAY", f'Bill {bar} "Minibar" was moved to folio FOLIO-2: 12,000 KRW, with a balance of'
         " 8,000 KRW."),
    ]  # fmt: skip
    there = desk.expect(200, await desk.client.get("/v1/folios/FOLIO-2/diff?from=0"))["changes"]
    carried = known["carried"]["billCode"]
    assert (there[-1]["kind"], there[-1]["sentence"]) == (
        "BILL_ARRIVED",
        f'Bill {carried} "Minibar" arrived from folio FOLIO-1: 12,000 KRW, with a balance of 8,000 KRW.',
    )


async def test_points_that_are_wrong_or_the_wrong_way_round_are_refused(desk: Desk) -> None:
    await lively_folio(desk)
    client = desk.client
    expect_problem(await client.get(f"{FOLIO}/diff"), 400, "REQUIRED_PARAMETER", "/from")
    for name in ("from", "to"):
        for value in ("", "now", "2026-11-22", "-1", "1.5", "9" * 19, "2026-11-22T14:00:00", "\u0661"):
            answer = await client.get(f"{FOLIO}/diff", params={"from": 0, name: value})
            expect_problem(answer, 400, "INVALID_PARAMETER", f"/{name}")
    for start, end in (("5", "4"), ("2026-02-01T00:00:00Z", "2026-01-01T00:00:00Z"), ("9", "2026-01-01T00:00:00Z")):
        answer = await client.get(f"{FOLIO}/diff", params={"from": start, "to": end})
        expect_problem(answer, 400, "INVALID_PARAMETER", "/from")


async def test_what_is_too_much_for_one_answer_is_refused(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    await lively_folio(desk)
    changes = len((await diff(desk, **{"from": 0}))["changes"])
    effects = len((await explained(desk, FOLIO))["items"])
    for path, most in (("diff?from=0", changes), ("explain", effects)):
        monkeypatch.setattr(history_module, "EVENTS_MAX", most)
        desk.expect(200, await desk.client.get(f"{FOLIO}/{path}"))
        monkeypatch.setattr(history_module, "EVENTS_MAX", most - 1)
        with monkeypatch.context() as patch:
            patch.setattr(PastLog, "events_of", None)  # it is refused before anything is loaded
            problem = expect_problem(await desk.client.get(f"{FOLIO}/{path}"), 400, "INVALID_PARAMETER")
        assert "page by page" in problem["detail"]
