"""Reports that cannot be asked for so: each is told what was wrong, where, and what is allowed."""

from typing import Any
from urllib.parse import urlencode

import httpx

from projections.reports import REPORTS as ALL
from services.bootstrap import Service
from services.desk.report_desk import PARAMETERS
from tests.rest.report_house import REPORTS, WEEK
from tests.rest.support import expect_problem, nothing_written

NOT_A_DAY = "must be a day, as 2026-11-30"
FORMATS = "format of the report revenue is one of: json; csv; parquet."
GROUPINGS = "groupBy of the report revenue is one of: day; concerned; folio; total."
POSITION = "position is a position of the log, as answers give it in Folio-Position."

WRONG: list[tuple[dict[str, Any], str, str]] = [
    ({"from": ""}, "/from", NOT_A_DAY),
    ({"to": ""}, "/to", NOT_A_DAY),
    ({"from": "20261116"}, "/from", NOT_A_DAY),
    ({"from": "2026-11-1"}, "/from", NOT_A_DAY),
    ({"from": "2026-W47-1"}, "/from", NOT_A_DAY),
    ({"to": "2026-11-22T00:00:00Z"}, "/to", NOT_A_DAY),
    ({"to": "22/11/2026"}, "/to", NOT_A_DAY),
    ({"to": "today"}, "/to", NOT_A_DAY),
    ({"to": " 2026-11-22"}, "/to", NOT_A_DAY),
    ({"to": "２０２６-11-22"}, "/to", NOT_A_DAY),  # noqa: RUF001
    ({"from": "2026-02-29"}, "/from", "from is no day that exists."),
    ({"to": "2100-02-29"}, "/to", "to is no day that exists."),
    ({"from": "2026-11-00"}, "/from", "from is no day that exists."),
    ({"from": "1969-12-31"}, "/from", "from must lie between 1970-01-01 and 2199-12-31."),
    ({"to": "2200-01-01"}, "/to", "to must lie between 1970-01-01 and 2199-12-31."),
    ({"from": "2026-11-23"}, "/to", "it would end on 2026-11-22, before it begins on 2026-11-23."),
    ({"from": "2021-11-22", "to": "2026-11-22"}, "/to", "from 2021-11-22 it may end before 2026-11-22."),
    ({"from": "2024-02-29", "to": "2029-03-01"}, "/to", "over 5 years; from 2024-02-29 it may end before 2029-03-01."),
    ({"from": "1970-01-01", "to": "2199-12-31"}, "/to", "over 5 years"),
    ({"format": ""}, "/format", FORMATS),
    ({"format": "xlsx"}, "/format", FORMATS),
    ({"format": "CSV"}, "/format", FORMATS),
    ({"format": "svg"}, "/format", FORMATS),
    ({"groupBy": ""}, "/groupBy", GROUPINGS),
    ({"groupBy": "method"}, "/groupBy", GROUPINGS),
    ({"groupBy": "Day"}, "/groupBy", GROUPINGS),
    ({"groupBy": "day,folio"}, "/groupBy", GROUPINGS),
    ({"position": ""}, "/position", POSITION),
    ({"position": "-1"}, "/position", POSITION),
    ({"position": "1.0"}, "/position", POSITION),
    ({"position": "9" * 19}, "/position", POSITION),
    ({"position": "٣"}, "/position", POSITION),
    ({"position": "9" * 18}, "/position", "The log has not come to the position 999999999999999999 yet; its newest"),
    ({"position": "1"}, "/position", "The log has not come to the position 1 yet; its newest event is at 0."),
    ({"folioId": ""}, "/folioId", "folioId must be up to 64 of A-Z a-z 0-9 . _ : -."),
    ({"folioId": "F 1"}, "/folioId", "folioId must be up to 64 of A-Z a-z 0-9 . _ : -."),
    ({"folioId": "F" * 65}, "/folioId", "folioId must be up to 64 of"),
    ({"folioId": "방"}, "/folioId", "folioId must be up to 64 of"),
    ({"explain": ""}, "/explain", "explain is true or false."),
    ({"explain": "yes"}, "/explain", "explain is true or false."),
    ({"explain": "True"}, "/explain", "explain is true or false."),
    ({"bom": "true"}, "/bom", "bom goes with format=csv only."),
    ({"bom": "true", "format": "parquet"}, "/bom", "bom goes with format=csv only."),
    ({"bom": "", "format": "csv"}, "/bom", "bom is true or false."),
    ({"consistency": "fresh!"}, "/consistency", "consistency is 'eventual', or left out."),
    ({"consistency": ""}, "/consistency", "consistency is 'eventual', or left out."),
    ({"limit": "5"}, "/limit", "The query parameter 'limit' is not known; known are consistency, from, to, groupBy"),
    ({"at": "2026-11-22T00:00:00Z"}, "/at", "The query parameter 'at' is not known"),
    ({"group_by": "day"}, "/group_by", "The query parameter 'group_by' is not known"),
]


async def test_a_wrong_value_is_refused_and_what_is_allowed_is_named(
    client: httpx.AsyncClient, service: Service
) -> None:
    async with nothing_written(service):
        for given, pointer, said in WRONG:
            answer = await client.get(f"{REPORTS}/revenue", params={**WEEK, **given})
            problem = expect_problem(answer, 400, "INVALID_PARAMETER", pointer)
            assert said in problem["detail"], given
            assert len(problem["errors"]) == 1


async def test_days_that_are_missing_are_asked_for_by_name(client: httpx.AsyncClient) -> None:
    missing = {("revenue", ""): "/from", ("revenue", "to=2026-11-22"): "/from", ("revenue", "from=2026-11-22"): "/to"}
    missing |= {("outstanding", ""): "/to", ("outstanding", "from=2026-11-22"): "/to"}
    for (name, query), pointer in missing.items():
        problem = expect_problem(await client.get(f"{REPORTS}/{name}?{query}"), 400, "REQUIRED_PARAMETER", pointer)
        assert problem["detail"] == f"{pointer[1:]} is missing: a business day, as 2026-11-30."


async def test_a_period_of_five_years_is_the_longest(client: httpx.AsyncClient) -> None:
    for first, last in (
        ("2021-11-22", "2026-11-21"),
        ("2024-02-29", "2029-02-28"),
        ("2023-03-01", "2028-02-29"),
        ("1970-01-01", "1974-12-31"),
        ("2195-01-01", "2199-12-31"),
        ("2024-02-29", "2024-02-29"),
    ):
        answer = await client.get(f"{REPORTS}/revenue", params={"from": first, "to": last})
        assert (answer.status_code, answer.json()["rows"]) == (200, []), answer.text


async def test_a_parameter_that_is_given_twice_is_refused(client: httpx.AsyncClient) -> None:
    for name in (*PARAMETERS, "consistency"):
        query = urlencode([(name, "1"), (name, "1")])
        problem = expect_problem(await client.get(f"{REPORTS}/revenue?{query}"), 400, "INVALID_PARAMETER", f"/{name}")
        assert problem["detail"] == f"The query parameter '{name}' is given more than once."


async def test_of_a_report_that_does_not_exist_those_that_do_are_named(client: httpx.AsyncClient) -> None:
    for name in (
        "takings",
        "Revenue",
        "REVENUE",
        "revenue.csv",
        "revenue ",
        "a" * 200,
        "..",
        "%00",
        "매출",
        "<script>",
    ):
        answer = await client.get(f"{REPORTS}/{name.replace('%', '%25')}".replace("/..", "/%2E%2E"), params=WEEK)
        problem = expect_problem(answer, 400, "INVALID_PARAMETER", "/name")
        assert all(each in problem["detail"] for each in ALL), name
        assert len(problem["detail"]) < 400


async def test_a_path_with_a_slash_in_it_is_no_report(client: httpx.AsyncClient) -> None:
    for name in ("revenue%2Fday", "revenue/day", "revenue/", "%2Frevenue"):
        expect_problem(await client.get(f"{REPORTS}/{name}", params=WEEK), 404, "DATA_NOT_FOUND_ON_ID")


async def test_pictures_are_of_some_reports_in_one_grouping_and_explain_nothing(client: httpx.AsyncClient) -> None:
    async def refused(name: str, pointer: str, **given: str) -> str:
        answer = await client.get(f"{REPORTS}/{name}", params={**WEEK, **given})
        return str(expect_problem(answer, 400, "INVALID_PARAMETER", pointer)["detail"])

    pictured = {name: each for name, each in ALL.items() if each.chart is not None}
    assert pictured.keys() >= {"daily-takings", "outstanding", "payment-requests"}
    for name, each in ALL.items():
        said = await refused(name, "/format", format="jpeg")
        assert said.endswith("json; csv; parquet; svg; png." if name in pictured else "json; csv; parquet.")
        if each.chart is None:
            assert (await refused(name, "/format", format="png")).endswith("json; csv; parquet.")
            continue
        for other in each.groupings.keys() - {each.chart.grouping}:
            said = await refused(name, "/groupBy", format="svg", groupBy=other)
            assert said == f"groupBy of the report {name} as svg is one of: {each.chart.grouping}."
        assert "ask for json or csv" in await refused(name, "/explain", format="png", explain="true")
        assert "bom goes with format=csv only." in await refused(name, "/bom", format="png", bom="true")


async def test_a_wrong_accommodation_or_minimum_is_refused(client: httpx.AsyncClient) -> None:
    answer = await client.get("/v1/accommodations/HOTEL%201/reports/revenue", params=WEEK)
    expect_problem(answer, 400, "INVALID_PARAMETER", "/accommodationId")
    answer = await client.get(f"{REPORTS}/revenue", params=WEEK, headers={"Folio-Min-Position": "soon"})
    expect_problem(answer, 400, "INVALID_PARAMETER", "/Folio-Min-Position")
    expect_problem(await client.get(f"{REPORTS}?from=2026-11-22"), 400, "INVALID_PARAMETER", "/from")


async def test_other_methods_are_refused_head_too(client: httpx.AsyncClient) -> None:
    for path in (REPORTS, f"{REPORTS}/revenue"):
        for method in ("POST", "PUT", "PATCH", "DELETE"):
            answer = await client.request(method, path)
            expect_problem(answer, 405, "METHOD_NOT_ALLOWED")
            assert answer.headers["Allow"] == "GET"
        assert (await client.head(path, params=WEEK)).status_code == 405
