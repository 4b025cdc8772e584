"""The history of a folio and of a bill: every event, who did it, what it changed, what was owed, where it leads."""

from services.bootstrap import Service
from tests.conftest import Desk
from tests.rest.past import ACCOUNT, check_chain, history, lively_folio
from tests.rest.support import UNKNOWN_ULID, expect_problem, nothing_written
from tests.serving import MakeClient

FOLIO = "/v1/folios/FOLIO-1"


async def test_the_history_tells_every_event_and_its_balances_chain(desk: Desk) -> None:
    known = await lively_folio(desk)
    entries = await history(desk.client, FOLIO)
    feed = (await desk.client.get("/v1/events?folioId=FOLIO-1&limit=500")).json()["items"]
    assert [str(entry["position"]) for entry in entries] == [event["id"] for event in feed]
    for entry, event in zip(entries, feed, strict=True):
        assert (entry["event"], entry["recordedAt"], entry["data"]) == (event["type"], event["time"], event["data"])
        assert entry["actor"] == {name: event["data"][name] for name in ("by", "key", "user")}
        assert (entry["reason"], entry["requestId"]) == (event["data"]["reason"], event["data"]["requestId"])
    check_chain(entries, (await desk.folio("FOLIO-1"))["balanceAmount"])
    assert {entry["billId"] for entry in entries} == {None, *(known[name]["id"] for name in ("room", "bar", "gone"))}
    check_chain(await history(desk.client, "/v1/folios/FOLIO-2"), (await desk.folio("FOLIO-2"))["balanceAmount"])


async def test_changes_have_the_names_and_values_of_the_interface(desk: Desk) -> None:
    known = await lively_folio(desk)
    entries = await history(desk.client, FOLIO)
    room: dict[str, object] = {}
    for entry in entries:
        if entry["billId"] == known["room"]["id"] and entry["paymentId"] is None:
            for change in entry["changes"]:
                if not change["field"].startswith("settlements"):
                    assert change["before"] == room.get(change["field"]) or change["field"] == "balanceAmount"
                    room[change["field"]] = change["after"]
    now = await desk.bill(known["room"]["id"])
    lists = {"payments", "settlementsMade", "settlementsReceived", "version", "updatedAt"}
    assert room == {name: value for name, value in now.items() if name not in lists and value is not None}
    of_payment = [entry for entry in entries if entry["paymentId"] == known["applied"]["id"]]
    assert [entry["event"] for entry in of_payment] == ["payment.recorded", "payment.updated", "payment.cancelled"]
    recorded, updated, cancelled = ({each["field"]: each for each in entry["changes"]} for entry in of_payment)
    assert recorded["amount"] == {"field": "amount", "before": None, "after": 30_000}
    assert updated["amount"] == {"field": "amount", "before": 30_000, "after": 35_000}
    assert cancelled.keys() == {"cancelledAt", "cancelledBy", "balanceAmount"}
    [deleted] = [entry for entry in entries if entry["event"] == "payment.deleted"]
    assert {each["field"]: (each["before"], each["after"]) for each in deleted["changes"]}["amount"] == (7_000, None)
    sides = [change for entry in entries for change in entry["changes"] if change["field"] == "settlementsMade"]
    assert [(side["before"], [each["settledAmount"] for each in side["after"]]) for side in sides] == [
        ([], [2_000])
    ] * 2


async def test_account_numbers_and_holders_stay_masked(desk: Desk) -> None:
    known = await lively_folio(desk)
    answer = await desk.client.get(f"{FOLIO}/history")
    assert ACCOUNT["accountNumber"] not in answer.text
    assert ACCOUNT["accountHolder"] not in answer.text
    assert "sealed" not in answer.text
    [recorded] = [each for each in answer.json()["items"] if each["paymentId"] == known["applied"]["id"]][:1]
    masked = [{"bankCode": "088", "accountNumber": "***", "accountHolder": "***"}]
    assert {each["field"]: each["after"] for each in recorded["changes"]}["virtualAccounts"] == masked
    assert recorded["data"]["virtualAccounts"] == masked
    for path in (f"{FOLIO}/diff?from=0", f"{FOLIO}/explain"):
        text = (await desk.client.get(path)).text
        assert "sealed" not in text
        assert ACCOUNT["accountNumber"] not in text


async def test_transfers_and_settlements_link_to_their_other_side_and_back(desk: Desk) -> None:
    known = await lively_folio(desk)
    here, there = await history(desk.client, FOLIO), await history(desk.client, "/v1/folios/FOLIO-2")
    everywhere = {entry["position"]: entry for entry in [*here, *there]}
    linked = [(entry, link) for entry in everywhere.values() for link in entry["links"]]
    assert len(linked) == 8
    opposite = {"MOVED_TO": "MOVED_FROM", "MOVED_FROM": "MOVED_TO", "PAYS": "PAID_BY", "PAID_BY": "PAYS"}
    for entry, link in linked:
        other = everywhere[link["position"]]
        assert (other["billId"], other["data"]["folioId"]) == (link["billId"], link["folioId"])
        assert link["path"] == f"/v1/bills/{link['billId']}"
        if entry["event"] == "bill.settled":
            assert (link["relation"] == "PAYS") == (entry["billId"] == entry["data"]["paymentBillId"])
        [back] = other["links"]
        assert (back["position"], back["relation"]) == (entry["position"], opposite[link["relation"]])
    [carried] = [entry for entry in there if entry["billId"] == known["carried"]["id"]]
    assert [(each["relation"], each["folioPath"]) for each in carried["links"]] == [("MOVED_FROM", FOLIO)]
    inside = [each for each in here if each["event"] == "bill.transferred" and not each["data"]["movedTotal"]]
    assert [entry["links"] for entry in inside] == [[]], "a change of the reservation leads nowhere"


async def test_two_settlements_of_one_pair_in_one_commit_keep_their_sides(desk: Desk) -> None:
    payer, target = await desk.add_bill(), await desk.add_bill()
    part = {"targetBillId": target["id"], "settledAmount": 5}
    body = {"settlements": [part, {**part, "settledAmount": 6}]}
    desk.expect(200, await desk.client.post(f"/v1/bills/{payer['id']}/settlements", json=body))
    entries = {entry["position"]: entry for entry in await history(desk.client, FOLIO, event="bill.settled")}
    assert len(entries) == 4
    for entry in entries.values():
        other = entries[entry["links"][0]["position"]]
        assert other["billBalance"]["effect"] == -entry["billBalance"]["effect"]
        assert other["links"][0]["position"] == entry["position"]


async def test_pages_and_filters_show_the_same_entries_in_parts(desk: Desk) -> None:
    await lively_folio(desk)
    everything = await history(desk.client, FOLIO)
    assert await history(desk.client, FOLIO, limit=1) == everything
    assert await history(desk.client, FOLIO, limit=4) == everything
    middle = everything[len(everything) // 2]["recordedAt"]
    early, late = await history(desk.client, FOLIO, to=middle), await history(desk.client, FOLIO, **{"from": middle})
    assert early + late == everything
    assert late[0]["recordedAt"] == middle
    for filters, takes in (
        ({"event": "bill.settled"}, lambda entry: entry["event"] == "bill.settled"),
        ({"actor": "kim"}, lambda entry: entry["actor"]["user"] == "kim"),
        ({"actor": "admin"}, lambda entry: entry["actor"]["key"] == "admin"),
        ({"actor": "ki"}, lambda entry: False),
        ({"actor": "kim", "event": "bill.cancelled", "from": middle}, lambda entry: entry["event"] == "bill.cancelled"),
    ):
        assert await history(desk.client, FOLIO, limit=2, **filters) == [each for each in everything if takes(each)]


async def test_a_page_stays_as_it_is_while_more_happens(desk: Desk) -> None:
    await lively_folio(desk)
    first = (await desk.client.get(f"{FOLIO}/history?limit=5")).json()
    await desk.add_bill()
    assert (await desk.client.get(f"{FOLIO}/history?limit=5")).json() == first


async def test_the_history_of_a_bill_is_there_when_it_was_deleted(desk: Desk) -> None:
    known = await lively_folio(desk)
    everything = await history(desk.client, FOLIO)
    for name in ("room", "bar", "gone"):
        bill_id = known[name]["id"]
        expected = [entry for entry in everything if entry["billId"] == bill_id]
        assert await history(desk.client, f"/v1/bills/{bill_id}", limit=3) == expected
    assert expected[-1]["event"] == "bill.deleted"


async def test_roles_that_may_query_see_history_and_others_accommodations_stay_hidden(
    desk: Desk, client_of: MakeClient
) -> None:
    known = await lively_folio(desk)
    paths = [f"{FOLIO}/{each}" for each in ("history", "explain", "diff?from=0")]
    paths += [f"/v1/bills/{known['bar']['id']}/{each}" for each in ("history", "explain")]
    for role in ("pms", "auditor", "admin"):
        client = await client_of(role, role, ["HOTEL-1"])
        for path in paths:
            assert (await client.get(path)).status_code == 200, path
    stranger = await client_of("stranger", "auditor", ["HOTEL-2"])
    for path in paths:
        unknown = path.replace("FOLIO-1", "NONE").replace(known["bar"]["id"], UNKNOWN_ULID)
        hidden, none = await stranger.get(path), await desk.client.get(unknown)
        problem = expect_problem(hidden, 404, "DATA_NOT_FOUND_ON_ID")["detail"]
        shown = expect_problem(none, 404, "DATA_NOT_FOUND_ON_ID")["detail"]
        assert problem.replace("FOLIO-1", "NONE").replace(known["bar"]["id"], UNKNOWN_ULID) == shown
    desk.client.headers.pop("Authorization")
    for path in paths:
        expect_problem(await desk.client.get(path), 401, "UNAUTHENTICATED")


async def test_wrong_values_are_refused_by_name(desk: Desk, service: Service) -> None:
    bill = await desk.add_bill()
    async with nothing_written(service):
        for path in (FOLIO, f"/v1/bills/{bill['id']}"):
            for name, values in {
                "from": ("", "now", "2026-11-22", "4711"), "to": ("", "2026-11-22T14:00:00"),
                "actor": ("", "a" * 101, "%00", "a%0A"),
                "event": ("", "bill", "bill.added%0A"), "limit": ("0", "501", "x"),
                "cursor": ("", "abc"), "position": ("1",),
            }.items():  # fmt: skip
                for value in values:
                    answer = await desk.client.get(f"{path}/history?{name}={value}")
                    expect_problem(answer, 400, "INVALID_PARAMETER", f"/{name}")


async def test_looking_back_writes_nothing(desk: Desk, service: Service) -> None:
    await lively_folio(desk)
    async with nothing_written(service):
        for path in ("/history", "/explain", "/diff?from=0", "?position=5", "?effectiveAt=2999-01-01T00:00:00Z"):
            assert (await desk.client.get(FOLIO + path)).status_code == 200, path
