"""Reports over REST: who may ask, how answers name their position, and that a position answers the same for good."""

import io
import json
from datetime import date, datetime
from decimal import Decimal
from pathlib import Path
from typing import Any

import duckdb
import httpx
import pyarrow.parquet

from projections.building import Progress
from projections.rebuild import rebuild
from projections.reports import REPORTS as ALL
from services.billing.money import AMOUNT_MAX
from services.bootstrap import CODEC, READ_MODELS, Service
from services.rest.report_schemas import ReportAnswer, Reports
from tests.conftest import Desk
from tests.rest.report_house import HOUSE, REPORTS, WEEK, all_days, busy_house, open_day, questions, report
from tests.rest.support import expect_problem
from tests.serving import MakeClient

MEDIA_TYPES = {
    "json": "application/json",
    "csv": "text/csv; charset=utf-8; header=present",
    "parquet": "application/vnd.apache.parquet",
    "svg": "image/svg+xml",
    "png": "image/png",
}
ARROW = {
    "text": "string", "date": "date32[day]", "time": "timestamp[us, tz=UTC]", "count": "int64", "seconds": "int64",
    "amount": "decimal128(38, 0)", "percent": "decimal128(38, 10)", "flag": "bool",
}  # fmt: skip
DUCK = {
    "text": "VARCHAR", "date": "DATE", "time": "TIMESTAMP WITH TIME ZONE", "count": "BIGINT", "seconds": "BIGINT",
    "amount": "DECIMAL(38,0)", "percent": "DECIMAL(38,10)", "flag": "BOOLEAN",
}  # fmt: skip


async def asked_all(client: httpx.AsyncClient, period: dict[str, str], position: str) -> list[bytes]:
    """The bytes of the answers to every question, each of which names the position."""
    answers = []
    for name, given in questions(period):
        answer = await report(client, name, **given, position=position)
        assert answer.headers["Folio-Position"] == position
        answers.append(answer.content)
    return answers


async def test_every_report_is_described_with_what_may_be_asked_of_it(client: httpx.AsyncClient) -> None:
    answer = await client.get(REPORTS)
    items = Reports.model_validate_json(answer.content).items
    assert [item.name for item in items] == list(ALL)
    for item in items:
        each = ALL[item.name]
        assert list(item.groupings) == list(each.groupings)
        assert item.formats == ["json", "csv", "parquet", *(("svg", "png") if each.chart else ())]
        keys = {key for keys in item.groupings.values() for key in keys}
        assert keys < {column.name for column in item.columns}
        assert all(column.meaning for column in item.columns)
        assert item.title_korean
        assert not item.title_korean.isascii()


async def test_each_format_has_its_media_type_and_a_name_for_its_file(desk: Desk, client: httpx.AsyncClient) -> None:
    for id_, named in (("HOTEL-1", "HOTEL-1"), ("KR:SEOUL.1", "KR-SEOUL.1")):
        path = f"/v1/accommodations/{id_}/reports"
        for format_, media_type in MEDIA_TYPES.items():
            answer = await client.get(f"{path}/daily-takings", params={**WEEK, "format": format_})
            desk.expect(200, answer) if format_ == "json" else None
            assert (answer.status_code, answer.headers["Content-Type"]) == (200, media_type), answer.text
            name = f"{named}_daily-takings_2026-11-16_2026-11-22.{format_}"
            assert answer.headers["Content-Disposition"] == f'inline; filename="{name}"'
        answer = await client.get(f"{path}/outstanding", params={"to": "2026-11-22"})
        assert f'"{named}_outstanding_2026-11-22.json"' in answer.headers["Content-Disposition"]
    assert (await report(client, "daily-takings", **WEEK)).json()["accommodationId"] == "HOTEL-1"


async def test_an_answer_says_what_was_asked_and_from_which_position(desk: Desk, client: httpx.AsyncClient) -> None:
    await busy_house(desk)
    days = all_days(await open_day(client))
    answer = await report(client, "revenue", **days, groupBy="folio", folioId="F-1")
    body = ReportAnswer.model_validate_json(answer.content)
    head = (await client.get("/v1/events?limit=1")).json()["head"]
    assert answer.headers["Folio-Position"] == str(body.position) == str(head)
    assert (body.report, body.accommodation_id, body.folio_id) == ("revenue", "HOTEL-1", "F-1")
    assert (str(body.from_), str(body.to), body.group_by) == (days["from"], days["to"], "folio")
    assert [row["folioId"] for row in body.rows] == ["F-1"]
    assert (body.rows[0]["billsAdded"], body.rows[0]["added"]) == (2, 150_000)
    standing = (await report(client, "outstanding", to=days["to"])).json()
    assert (standing["from"], standing["groupBy"]) == (None, "folio")


async def test_a_folio_of_another_house_or_of_nobody_is_refused_and_neither_told_from_the_other(
    desk: Desk, client: httpx.AsyncClient, client_of: MakeClient
) -> None:
    await busy_house(desk)
    days = all_days(await open_day(client))
    before = (await report(client, "revenue", **days)).headers["Folio-Position"]
    own = await client_of("own", "pms", ["HOTEL-1"])
    forms: tuple[dict[str, str], ...] = ({}, {"format": "csv"}, {"explain": "true"}, {"consistency": "eventual"})
    for folio in ("G-1", "NOBODY", "f-1"):
        for name in ALL:
            for given in forms:
                for asking in (client, own):
                    answer = await asking.get(f"{REPORTS}/{name}", params={**days, **given, "folioId": folio})
                    problem = expect_problem(answer, 400, "INVALID_PARAMETER", "/folioId")
                    assert problem["detail"] == f"There is no folio {folio} at HOTEL-1."
    for name in ALL:
        assert (await report(client, name, **days, folioId="F-1")).json()["folioId"] == "F-1"
    await desk.add_bill("F-9")
    then = await client.get(f"{REPORTS}/revenue", params={**days, "folioId": "F-9", "position": before})
    assert expect_problem(then, 400, "INVALID_PARAMETER", "/folioId")["detail"] == "There is no folio F-9 at HOTEL-1."
    assert (await report(client, "revenue", **days, folioId="F-9")).json()["rows"] != []


async def test_every_role_may_ask_and_a_key_only_of_its_own_houses(
    desk: Desk, client: httpx.AsyncClient, client_of: MakeClient
) -> None:
    await busy_house(desk)
    for role in ("pms", "auditor", "admin"):
        own = await client_of(f"own {role}", role, ["HOTEL-1"])
        other = await client_of(f"other {role}", role, ["HOTEL-2"])
        assert (await report(own, "revenue", **WEEK)).json()["report"] == "revenue"
        assert (await own.get(REPORTS)).json() == (await client.get(REPORTS)).json()
        for path in (REPORTS, f"{REPORTS}/revenue?from=2026-11-22&to=2026-11-22", f"{HOUSE}/days"):
            expect_problem(await other.get(path), 404, "DATA_NOT_FOUND_ON_ID", "/accommodationId")
    for headers in ({"Authorization": ""}, {"Authorization": "Bearer nobody"}):
        for path in (REPORTS, f"{REPORTS}/revenue", f"{REPORTS}/nothing"):
            expect_problem(await client.get(path, headers=headers), 401, "UNAUTHENTICATED")


async def test_the_same_bytes_come_again_whatever_has_happened_since(
    desk: Desk, client: httpx.AsyncClient, service: Service
) -> None:
    room = await busy_house(desk)
    position = (await client.get(f"{HOUSE}/days")).headers["Folio-Position"]
    days = all_days(await open_day(client))
    first = await asked_all(client, days, position)

    await desk.pay(room, 10_000, applyToBalance=True)
    desk.expect(200, await client.patch(f"/v1/bills/{room['id']}", json={"name": "Suite", "totalAmount": 90_000}))
    desk.expect(200, await client.put(HOUSE, json={"name": "Inn", "businessDayStartsAt": "05:00"}))
    desk.expect(200, await client.post(f"{HOUSE}/days/{days['to']}/close"))
    desk.expect(200, await client.post(f"/v1/bills/{room['id']}/cancel"))
    await desk.add_bill("F-0", 5)
    assert await asked_all(client, days, position) == first

    await rebuild(service.conninfo, READ_MODELS, CODEC, Progress(), anew=True)
    assert await asked_all(client, days, position) == first
    now = await report(client, "outstanding", to=days["to"])
    assert now.headers["Folio-Position"] == (await client.get(f"{HOUSE}/days")).headers["Folio-Position"] != position


async def test_an_explanation_is_the_events_in_every_format(desk: Desk, client: httpx.AsyncClient) -> None:
    await busy_house(desk)
    days = all_days(await open_day(client))
    told = (await report(client, "daily-takings", **days, explain="true")).json()
    assert [column["name"] for column in told["eventColumns"]] == list(told["events"][0])
    assert sum(event["net"] for event in told["events"]) == sum(row["net"] for row in told["rows"]) == 57_000
    assert {event["event"] for event in told["events"]} == {"payment.recorded", "payment.cancelled"}
    silent = (await report(client, "daily-takings", **days, explain="false")).json()
    assert silent == {name: value for name, value in told.items() if not name.startswith("event")}

    csv = (await report(client, "daily-takings", **days, explain="true", format="csv")).text
    assert csv.splitlines()[0] == ",".join(told["events"][0])
    assert len(csv.splitlines()) == len(told["events"]) + 1
    parquet = await report(client, "daily-takings", **days, explain="true", format="parquet")
    table = pyarrow.parquet.read_table(io.BytesIO(parquet.content))
    assert table.column("position").to_pylist() == [event["position"] for event in told["events"]]


async def test_csv_begins_with_a_byte_order_mark_if_so_asked(desk: Desk, client: httpx.AsyncClient) -> None:
    await busy_house(desk)
    days = all_days(await open_day(client))
    plain, marked, no = [
        await report(client, "revenue", **days, format="csv", bom=bom) for bom in (None, "true", "false")
    ]
    assert marked.content == b"\xef\xbb\xbf" + plain.content
    assert no.content == plain.content


async def test_parquet_is_read_by_others_with_the_values_of_json(
    desk: Desk, client: httpx.AsyncClient, tmp_path: Path
) -> None:
    await busy_house(desk)
    for _ in range(11):  # together more than a float can hold to the unit
        await desk.add_bill("F-3", AMOUNT_MAX - 1)
    days = all_days(await open_day(client))
    for name in ALL:
        told = json.loads((await report(client, name, **days)).content, parse_float=Decimal)
        path = tmp_path / f"{name}.parquet"
        path.write_bytes((await report(client, name, **days, format="parquet")).content)
        schema = pyarrow.parquet.read_schema(path)
        assert {field.name: field.metadata[b"kind"].decode() for field in schema} == kinds(told)
        assert {field.name: str(field.type) for field in schema} == {
            column: ARROW[kind] for column, kind in kinds(told).items()
        }
        rows = pyarrow.parquet.read_table(path).to_pylist()
        assert [{column: plain(value) for column, value in row.items()} for row in rows] == told["rows"]
        with duckdb.connect() as connection:
            seen = connection.read_parquet(str(path))
            assert dict(zip(seen.columns, map(str, seen.types), strict=True)) == {
                column: DUCK[kind] for column, kind in kinds(told).items()
            }
            assert seen.count("*").fetchall() == [(len(told["rows"]),)]
            for column, kind in kinds(told).items():
                if kind == "amount" and rows:
                    assert seen.sum(f'"{column}"').fetchall() == [(sum(row[column] or 0 for row in rows),)]


def kinds(told: dict[str, Any]) -> dict[str, str]:
    """The kinds of the columns of an answer."""
    return {column["name"]: column["kind"] for column in told["columns"]}


def plain(value: Any) -> Any:
    """A value of Parquet as JSON has it. Decimals stay, so that none is rounded before it is compared."""
    match value:
        case datetime():
            return value.isoformat().replace("+00:00", "Z")
        case date():
            return str(value)
        case _:
            return value


async def test_a_minimum_position_is_waited_for_and_eventual_does_not(desk: Desk, client: httpx.AsyncClient) -> None:
    await desk.add_bill()
    minimum = {"Folio-Min-Position": "1000"}
    path = f"{REPORTS}/revenue"
    expect_problem(await client.get(path, params=WEEK, headers=minimum), 503, "NOT_CAUGHT_UP")
    eventual = {**WEEK, "consistency": "eventual"}
    expect_problem(await client.get(path, params=eventual, headers=minimum), 503, "NOT_CAUGHT_UP")
    answer = await client.get(path, params=eventual, headers={"Folio-Min-Position": "2"})
    assert (answer.status_code, int(answer.headers["Folio-Position"]) >= 2) == (200, True)
    answer = await client.get(path, params={**eventual, "position": "1"})
    assert (answer.status_code, answer.headers["Folio-Position"]) == (200, "1")
