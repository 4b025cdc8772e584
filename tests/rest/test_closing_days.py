"""Closing a business day over REST: its answer, every refusal, and that it happens once."""

import asyncio
from datetime import UTC, date, datetime
from typing import Any

import httpx
import pytest

from services.billing.accommodation import Settings
from services.billing.business_day import calendar_day
from services.bootstrap import Service, make_service
from services.rest.schemas import ClosedDay, DryRunResults
from tests.conftest import ADMIN_KEY, Desk, ready_client
from tests.rest.support import NEW_BILL, expect_problem, nothing_written
from tests.rest.test_batches import batch, item
from tests.serving import MakeClient
from tests.store.contents import settled_digests

ACCOMMODATION = "/v1/accommodations/HOTEL-1"
NIGHT_AUDIT = {"reason": "Night audit"}


def path_of(day: Any, accommodation: str = ACCOMMODATION) -> str:
    """Where a day is closed."""
    return f"{accommodation}/days/{day}/close"


async def close(client: httpx.AsyncClient, day: Any, body: Any = None, **headers: str) -> httpx.Response:
    """Close a day of HOTEL-1."""
    return await client.post(path_of(day), json=body, headers=headers)


async def feed(client: httpx.AsyncClient) -> list[dict[str, Any]]:
    """Every event, as the feed shows it."""
    items: list[dict[str, Any]] = (await client.get("/v1/events?limit=500")).json()["items"]
    return items


def today_in_seoul() -> date:
    """The day by the defaults."""
    return calendar_day(datetime.now(UTC), Settings())


async def test_a_closing_is_answered_and_told_in_the_feed_with_who_when_and_why(
    desk: Desk, client: httpx.AsyncClient
) -> None:
    answer = await close(client, "2024-02-29", NIGHT_AUDIT, **{"X-Folio-Actor": "jiwoo"})
    body = desk.expect(200, answer)
    ClosedDay.model_validate_json(answer.content)
    opened, event = await feed(client)
    assert body == {
        "accommodationId": "HOTEL-1", "businessDate": "2024-02-29", "closedAt": event["time"], "closedBy": "jiwoo",
        "reason": "Night audit", "nextBusinessDate": "2024-03-01",
    }  # fmt: skip
    assert answer.headers["Folio-Position"] == event["id"] == "2"
    assert (opened["type"], opened["data"]["inUse"]) == ("accommodation.configured", False)
    assert (event["type"], event["accommodationid"]) == ("accommodation.day_closed", "HOTEL-1")
    assert "folioid" not in event
    data = {"accommodationId": "HOTEL-1", "businessDate": "2024-02-29", "reason": "Night audit", "user": "jiwoo"}
    assert data.items() <= event["data"].items()
    assert desk.expect(200, await close(client, "2024-03-01"))["reason"] is None


async def test_a_closing_takes_no_event_back_and_leaves_bills_as_they_are(
    desk: Desk, client: httpx.AsyncClient
) -> None:
    bill = await desk.add_bill()
    desk.expect(200, await close(client, today_in_seoul()))
    assert await desk.bill(bill["id"]) == bill
    await desk.pay(bill, 1)


async def test_a_day_is_closed_once_in_its_turn_and_not_before_it_begins(
    desk: Desk, client: httpx.AsyncClient, service: Service
) -> None:
    desk.expect(200, await close(client, "2024-11-01"))
    desk.expect(200, await close(client, "2024-11-02"))
    through = "HOTEL-1 is closed through 2024-11-02. The next day to close is 2024-11-03."
    refusals = {
        "2024-11-02": f"2024-11-02 is closed already: {through}",
        "2024-11-01": f"2024-11-01 is closed already: {through}",
        "1970-01-01": f"1970-01-01 is closed already: {through}",
        "2024-11-04": "Days are closed in their order; close 2024-11-03 before 2024-11-04.",
        "2199-12-31": "Days are closed in their order; close 2024-11-03 before 2199-12-31.",
    }
    async with nothing_written(service):
        for day, said in refusals.items():
            assert expect_problem(await close(client, day), 409, "INVALID_STATE", "/date")["detail"] == said
        answer = await client.post(path_of("2199-12-31", "/v1/accommodations/HOTEL-2"))
        said = expect_problem(answer, 409, "INVALID_STATE", "/date")["detail"]
    assert said.startswith("2199-12-31 has not begun yet: by its zone and cut-off hour, it is 20")


async def test_a_day_has_begun_by_the_zone_of_the_accommodation(desk: Desk, client: httpx.AsyncClient) -> None:
    desk.expect(200, await client.put(ACCOMMODATION, json={"timeZone": "Etc/GMT+12"}))
    first_in_the_east = calendar_day(datetime.now(UTC), Settings(time_zone="Pacific/Kiritimati"))
    expect_problem(await close(client, first_in_the_east), 409, "INVALID_STATE", "/date")
    desk.expect(200, await client.put(ACCOMMODATION, json={"timeZone": "Pacific/Kiritimati"}))
    desk.expect(200, await close(client, first_in_the_east))


WRONG_DAYS = {
    "2026-02-30": "is no day that exists", "2027-02-29": "is no day that exists", "2026-13-01": "is no day that exists",
    "0000-01-01": "is no day that exists", "20261122": "must be a day", "2026-11-2": "must be a day",
    "2026-W47-7": "must be a day", "2026-326": "must be a day", "+2026-11-2": "must be a day",
    "2026-11-22T00:00:00Z": "must be a day", "2026-11-22%20": "must be a day", "2026-11-22%0A": "must be a day",
    "٢٠٢٦-11-22": "must be a day", "today": "must be a day", "-1": "must be a day",
    "1969-12-31": "must lie between 1970-01-01 and 2199-12-31",
    "2200-01-01": "must lie between 1970-01-01 and 2199-12-31",
    "9999-12-31": "must lie between 1970-01-01 and 2199-12-31",
}  # fmt: skip


async def test_a_day_of_the_wrong_form_is_refused_alone_and_in_a_batch(
    desk: Desk, client: httpx.AsyncClient, service: Service
) -> None:
    async with nothing_written(service):
        for day, said in WRONG_DAYS.items():
            problem = expect_problem(await close(client, day), 400, "INVALID_PARAMETER", "/date")
            assert f"date in the path {said}" in problem["detail"], day
        results = desk.expect(200, await batch(client, *(item(path=path_of(day), body={}) for day in WRONG_DAYS)))
        for result in results["results"]:
            assert (result["status"], result["body"]["errors"][0]["pointer"]) == (400, "/date")


async def test_what_else_is_wrong_with_a_closing_is_refused(client: httpx.AsyncClient, service: Service) -> None:
    async with nothing_written(service):
        answer = await client.post(path_of("2024-11-01", "/v1/accommodations/HOTEL%201"))
        expect_problem(answer, 400, "INVALID_PARAMETER", "/accommodationId")
        for body, pointer in (
            ({"reason": ""}, "/reason"),
            ({"reason": 5}, "/reason"),
            ({"date": "2024-11-01"}, "/date"),
        ):
            expect_problem(await close(client, "2024-11-01", body), 400, "INVALID_PARAMETER", pointer)
        answer = await client.post(f"{path_of('2024-11-01')}?force=true")
        expect_problem(answer, 400, "INVALID_PARAMETER", "/force")
        answer = await client.get(path_of("2024-11-01"))
        expect_problem(answer, 405, "METHOD_NOT_ALLOWED")
        assert answer.headers["Allow"] == "POST"


async def test_under_its_key_a_closing_is_answered_again_and_so_is_its_refusal(
    desk: Desk, client: httpx.AsyncClient, service: Service
) -> None:
    first = await close(client, "2024-11-01", NIGHT_AUDIT, **{"Idempotency-Key": "night-1"})
    refused = await close(client, "2024-11-05", **{"Idempotency-Key": "night-5"})
    async with nothing_written(service):
        again = await close(client, "2024-11-01", NIGHT_AUDIT, **{"Idempotency-Key": "night-1"})
        assert (desk.expect(200, again), again.content) == (first.json(), first.content)
        assert again.headers["Idempotency-Replayed"] == "true"
        other = await close(client, "2024-11-02", NIGHT_AUDIT, **{"Idempotency-Key": "night-1"})
        expect_problem(other, 422, "IDEMPOTENCY_KEY_REUSED")
    for day in ("2024-11-02", "2024-11-03", "2024-11-04"):
        desk.expect(200, await close(client, day))
    again = await close(client, "2024-11-05", **{"Idempotency-Key": "night-5"})
    assert (again.status_code, again.content) == (409, refused.content)


async def test_a_closing_that_was_refused_for_its_form_keeps_no_key(desk: Desk, client: httpx.AsyncClient) -> None:
    expect_problem(await close(client, "2026-02-30", **{"Idempotency-Key": "k"}), 400, "INVALID_PARAMETER", "/date")
    desk.expect(200, await close(client, "2026-02-28", **{"Idempotency-Key": "k"}))


async def test_if_match_is_the_version_of_the_settings_which_a_closing_leaves_as_it_is(
    desk: Desk, client: httpx.AsyncClient, service: Service
) -> None:
    await client.put(ACCOMMODATION, json={"name": "Inn"})
    async with nothing_written(service):
        for wrong in ('"0"', '"2"'):
            answer = await close(client, "2024-11-01", **{"If-Match": wrong})
            expect_problem(answer, 412, "VERSION_MISMATCH")
    closed = await close(client, "2024-11-01", **{"If-Match": '"1"'})
    shown = await client.get(ACCOMMODATION)
    assert desk.expect(200, closed)["businessDate"] == "2024-11-01"
    assert closed.headers["ETag"] == shown.headers["ETag"] == '"1"'
    changed = await client.put(ACCOMMODATION, json={"name": "Motel"}, headers={"If-Match": shown.headers["ETag"]})
    desk.expect(200, changed)
    assert (await client.get(ACCOMMODATION)).headers["ETag"] == changed.headers["ETag"]


@pytest.mark.parametrize("atomic", [True, False])
async def test_days_are_closed_one_after_the_other_in_a_batch_as_its_dry_run_has_foretold(
    desk: Desk, client: httpx.AsyncClient, service: Service, atomic: bool
) -> None:
    items = [item(path=path_of(f"2024-11-{number:02}"), body=NIGHT_AUDIT) for number in range(1, 4)]
    before = await settled_digests(service)
    dry = await client.post("/v1/commands?dryRun=true", json={"commands": items, "atomic": atomic})
    DryRunResults.model_validate_json(dry.content)
    assert await settled_digests(service) == before
    foretold, results = dry.json(), desk.expect(200, await batch(client, *items, atomic=atomic))["results"]
    topics = ["accommodation.configured", *["accommodation.day_closed"] * 3]
    assert [event["type"] for event in foretold["events"]] == topics
    assert [event["type"] for event in await feed(client)] == topics
    said, done = ([{**each["body"], "closedAt": None} for each in many] for many in (foretold["results"], results))
    assert said == done
    assert [each["nextBusinessDate"] for each in done] == ["2024-11-02", "2024-11-03", "2024-11-04"]


async def test_an_atomic_batch_with_a_refused_closing_does_nothing(client: httpx.AsyncClient, service: Service) -> None:
    async with nothing_written(service):
        items = [item(), item(path=path_of("2024-11-01"), body={}), item(path=path_of("2024-11-03"), body={})]
        expect_problem(await batch(client, *items, atomic=True), 409, "INVALID_STATE", "/date", index=2)


async def test_of_many_closings_of_a_day_at_once_in_two_processes_one_wins(
    desk: Desk, client: httpx.AsyncClient, database: str
) -> None:
    async with make_service(database, ADMIN_KEY) as second, ready_client(second) as other:
        for day in ("2024-11-01", "2024-11-02"):
            answers = await asyncio.gather(*(close(each, day) for _ in range(5) for each in (client, other)))
            (won,) = [answer for answer in answers if answer.status_code == 200]
            for answer in answers:
                if answer is not won:
                    said = expect_problem(answer, 409, "INVALID_STATE", "/date")["detail"]
                    assert said.startswith(f"{day} is closed already")
        posted, closed = await asyncio.gather(desk.add_bill(), close(other, "2024-11-03"))
        assert (posted["status"], closed.status_code) == ("OPEN", 200)
    topics = [event["type"] for event in await feed(client)]
    assert topics.count("accommodation.day_closed") == 3


async def test_a_key_closes_days_of_its_own_accommodations_and_an_auditor_none(
    desk: Desk, client: httpx.AsyncClient, service: Service, client_of: MakeClient
) -> None:
    limited = await client_of("hotel 2", "pms", ["HOTEL-2"])
    auditor = await client_of("auditor", "auditor", None)
    own = path_of("2024-11-01", "/v1/accommodations/HOTEL-2")
    async with nothing_written(service):
        expect_problem(await close(limited, "2024-11-01"), 404, "DATA_NOT_FOUND_ON_ID", "/accommodationId")
        expect_problem(await close(auditor, "2024-11-01"), 403, "FORBIDDEN")
        items = [item(path=own, body={}), item(path=path_of("2024-11-01"), body={})]
        answer = await batch(limited, *items, atomic=True)
        expect_problem(answer, 404, "DATA_NOT_FOUND_ON_ID", "/accommodationId", index=1)
        expect_problem(await batch(auditor, *items), 403, "FORBIDDEN")
    assert desk.expect(200, await limited.post(own))["closedBy"] == "hotel 2"
    desk.expect(201, await client.post("/v1/folios/FOLIO-1/bills", json=NEW_BILL))
    assert [event["accommodationid"] for event in (await feed(limited))] == ["HOTEL-2"] * 2


async def test_tomorrow_cannot_be_closed_even_right_after_today(desk: Desk, client: httpx.AsyncClient) -> None:
    now = datetime.now(UTC)
    where_it_is_noon = f"Etc/GMT{now.hour - 12:+}"
    desk.expect(200, await client.put(ACCOMMODATION, json={"timeZone": where_it_is_noon}))
    today = calendar_day(now, Settings(time_zone=where_it_is_noon))
    tomorrow = desk.expect(200, await close(client, today))["nextBusinessDate"]
    said = expect_problem(await close(client, tomorrow), 409, "INVALID_STATE", "/date")["detail"]
    assert said == f"{tomorrow} has not begun yet: by its zone and cut-off hour, it is {today} at HOTEL-1."
