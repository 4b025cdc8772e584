"""Accommodations over REST: settings, their defaults, and the currency that bills fix."""

from typing import Any

import httpx

from services.bootstrap import Service
from services.rest.schemas import Accommodation
from tests.conftest import Desk
from tests.rest.support import expect_problem, nothing_written

PATH = "/v1/accommodations/HOTEL-1"
DEFAULTS = {
    "id": "HOTEL-1", "name": None, "currency": "KRW", "timeZone": "Asia/Seoul", "businessDayStartsAt": "00:00",
    "payssam": None,
}  # fmt: skip
SETTINGS = {
    "name": "서울 가든 호텔", "currency": "USD", "timeZone": "America/Santiago", "businessDayStartsAt": "06:30",
    "payssam": {"member": "M-1", "merchant": "X-2"},
}  # fmt: skip


async def test_an_accommodation_that_was_never_configured_has_the_defaults(client: httpx.AsyncClient) -> None:
    answer = await client.get(PATH)
    assert (answer.status_code, answer.json()) == (200, DEFAULTS)
    assert "ETag" not in answer.headers


async def test_settings_are_answered_as_queries_show_them(desk: Desk, client: httpx.AsyncClient) -> None:
    answer = await client.put(PATH, json={**SETTINGS, "reason": "opening"})
    assert desk.expect(200, answer) == {"id": "HOTEL-1", **SETTINGS}
    Accommodation.model_validate_json(answer.content)
    shown = await client.get(PATH)
    assert desk.expect(200, shown) == answer.json()
    assert shown.headers["ETag"] == answer.headers["ETag"] == '"1"'


async def test_what_is_left_out_keeps_its_value(desk: Desk, client: httpx.AsyncClient) -> None:
    desk.expect(200, await client.put(PATH, json=SETTINGS))
    body = {"businessDayStartsAt": "05:00", "payssam": {"member": "M-9"}, "name": None}
    changed = desk.expect(200, await client.put(PATH, json=body))
    expected = {"businessDayStartsAt": "05:00", "payssam": {"member": "M-9", "merchant": "X-2"}}
    assert changed == {"id": "HOTEL-1", **SETTINGS, **expected}
    assert desk.expect(200, await client.put(PATH)) == changed


async def test_bills_follow_the_settings(desk: Desk, client: httpx.AsyncClient) -> None:
    desk.expect(200, await client.put(PATH, json={"currency": "USD", "timeZone": "Pacific/Kiritimati"}))
    east = await desk.add_bill()
    assert (east["currency"], (await desk.folio("FOLIO-1"))["currency"]) == ("USD", "USD")
    desk.expect(200, await client.put(PATH, json={"timeZone": "Etc/GMT+12"}))
    west = await desk.add_bill()
    assert east["billCode"][1:7] > west["billCode"][1:7], "26 hours lie between the two zones, so the dates differ"


async def test_the_currency_is_fixed_once_a_bill_exists(
    desk: Desk, client: httpx.AsyncClient, service: Service
) -> None:
    await desk.add_bill()
    async with nothing_written(service):
        expect_problem(await client.put(PATH, json={"currency": "USD"}), 409, "INVALID_STATE", "/currency")
    assert desk.expect(200, await client.put(PATH, json={"currency": "KRW", "name": "Inn"}))["name"] == "Inn"
    assert (await desk.add_bill())["currency"] == "KRW"


WRONG: list[tuple[dict[str, Any], str]] = [
    ({"currency": "krw"}, "/currency"),
    ({"currency": "KRW\n"}, "/currency"),
    ({"currency": "WON₩"}, "/currency"),
    ({"currency": 410}, "/currency"),
    ({"timeZone": "Asia/Pyeongchang"}, "/timeZone"),
    ({"timeZone": "../etc/passwd"}, "/timeZone"),
    ({"timeZone": "asia/seoul"}, "/timeZone"),
    ({"timeZone": ""}, "/timeZone"),
    ({"timeZone": "Z" * 61}, "/timeZone"),
    ({"timeZone": 9}, "/timeZone"),
    ({"businessDayStartsAt": "24:00"}, "/businessDayStartsAt"),
    ({"businessDayStartsAt": "6:00"}, "/businessDayStartsAt"),
    ({"businessDayStartsAt": "06:00:00"}, "/businessDayStartsAt"),
    ({"businessDayStartsAt": "06:00\n"}, "/businessDayStartsAt"),
    ({"businessDayStartsAt": "\u0660\u0666:\u0660\u0660"}, "/businessDayStartsAt"),
    ({"payssam": {"member": ""}}, "/payssam/member"),
    ({"payssam": {"member": "M\u0000"}}, "/payssam/member"),
    ({"payssam": {"key": "secret"}}, "/payssam/key"),
    ({"payssam": ["M"]}, "/payssam"),
    ({"id": "HOTEL-2"}, "/id"),
]


async def test_settings_of_the_wrong_form_are_refused(client: httpx.AsyncClient, service: Service) -> None:
    async with nothing_written(service):
        for body, pointer in WRONG:
            expect_problem(await client.put(PATH, json=body), 400, "INVALID_PARAMETER", pointer)
