"""Who may do what: no key, a role that is too small, a key that reaches one accommodation only."""

from typing import Any

import httpx
import pytest

from services.bootstrap import Service
from services.store import api_keys
from tests.conftest import ADMIN_KEY, Desk
from tests.rest.support import NEW_BILL, PAYMENT, UNKNOWN_ULID, expect_problem, line, nothing_written
from tests.serving import MakeClient

Call = tuple[str, str, Any]


async def hotel(desk: Desk, number: int) -> dict[str, str]:
    """A hotel with a folio, a bill, another one on the same folio, and a payment."""
    ids = {"accommodation": f"HOTEL-{number}", "folio": f"FOLIO-H{number}"}
    bill = await desk.add_bill(ids["folio"], accommodationId=ids["accommodation"])
    ids["payment"] = (await desk.pay(bill, 1))["id"]
    ids["second"] = (await desk.add_bill(ids["folio"]))["id"] if number == 1 else bill["id"]
    return ids | {"bill": bill["id"]}


def queries(ids: dict[str, str]) -> list[Call]:
    return [
        ("GET", path, None)
        for path in (
            f"/v1/accommodations/{ids['accommodation']}", f"/v1/accommodations/{ids['accommodation']}/bills",
            f"/v1/folios/{ids['folio']}", f"/v1/folios/{ids['folio']}?position=99", f"/v1/bills/{ids['bill']}",
            f"/v1/bills/{ids['bill']}?effectiveAt=2999-01-01T00:00:00Z", f"/v1/bills/{ids['bill']}/payments",
            f"/v1/payments/{ids['payment']}",
        )
    ]  # fmt: skip


def commands(ids: dict[str, str]) -> list[Call]:
    bill, payment = f"/v1/bills/{ids['bill']}", f"/v1/payments/{ids['payment']}"
    settlement = {"settlements": [{"targetBillId": ids["second"], "settledAmount": 1}]}
    return [
        ("PUT", f"/v1/accommodations/{ids['accommodation']}", {"name": "Inn"}),
        ("POST", f"/v1/accommodations/{ids['accommodation']}/days/2020-01-01/close", {"reason": "Night audit"}),
        ("POST", f"/v1/folios/{ids['folio']}/bills", {"name": "Room", "totalAmount": 1}),
        ("POST", f"/v1/folios/{ids['folio']}/bills", {**NEW_BILL, "accommodationId": ids["accommodation"]}),
        ("POST", "/v1/folios/NEW/bills", {**NEW_BILL, "accommodationId": ids["accommodation"]}),
        ("PATCH", bill, {"name": "Room"}),
        ("POST", f"{bill}/settlements", settlement),
        ("POST", f"{bill}/payments", PAYMENT),
        ("PATCH", payment, {"amount": 2}),
        ("POST", f"{payment}/cancel", {}),
        ("DELETE", payment, None),
        ("POST", f"{bill}/cancel", {}),
        ("POST", "/v1/bills/transfer", {"bills": [{"id": ids["second"]}], "folioId": f"{ids['folio']}-2"}),
        ("DELETE", f"/v1/bills/{UNKNOWN_ULID}", None),
    ]


async def send(client: httpx.AsyncClient, call: Call, **more: Any) -> httpx.Response:
    method, path, body = call
    return await client.request(method, path, json=body, **more)


async def test_without_a_valid_key_nothing_is_answered(
    desk: Desk, client: httpx.AsyncClient, service: Service, client_of: MakeClient
) -> None:
    ids = await hotel(desk, 1)
    revoked = await client_of("revoked", "admin", None)
    assert api_keys.revoke_key(service.conninfo, "revoked")
    headers = [
        "", "Bearer", "Bearer ", "Basic " + ADMIN_KEY, "Bearer unknown", f"Bearer {ADMIN_KEY}x",
        f"Bearer {ADMIN_KEY[:-1]}", ADMIN_KEY, f"Bearer Bearer {ADMIN_KEY}",
        "Bearer \xff", revoked.headers["Authorization"],
        "Bearer " + "x" * 10_000,
    ]  # fmt: skip
    client.headers.pop("Authorization")
    calls = [*queries(ids), *commands(ids), ("POST", "/v1/commands", {"commands": []}), ("POST", "/v1/commands", [])]
    async with nothing_written(service):
        for call in calls:
            for value in headers if call[0] == "GET" else headers[:2]:
                raw = [(b"Authorization", value.encode("latin-1"))] if value else []
                answer = await send(client, call, headers=raw)
                expect_problem(answer, 401, "UNAUTHENTICATED")
                assert answer.headers["WWW-Authenticate"] == "Bearer"


@pytest.mark.parametrize("scheme", ["Bearer", "bearer", "BEARER "])
async def test_the_scheme_is_read_in_any_case(client: httpx.AsyncClient, scheme: str) -> None:
    answer = await client.get("/v1/accommodations/HOTEL-1", headers={"Authorization": f"{scheme} {ADMIN_KEY}"})
    assert answer.status_code == 200


async def test_a_revoked_key_ends_while_the_service_runs(
    service: Service, client_of: MakeClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    pms = await client_of("desk", "pms", None)
    assert (await pms.get("/v1/accommodations/HOTEL-1")).status_code == 200
    assert api_keys.KNOWN_SECONDS_MAX <= 2
    monkeypatch.setattr(api_keys, "KNOWN_SECONDS_MAX", 0)
    assert api_keys.revoke_key(service.conninfo, "desk")
    expect_problem(await pms.get("/v1/accommodations/HOTEL-1"), 401, "UNAUTHENTICATED")
    again = await client_of("desk", "pms", None)
    assert (await again.get("/v1/accommodations/HOTEL-1")).status_code == 200
    expect_problem(await pms.get("/v1/accommodations/HOTEL-1"), 401, "UNAUTHENTICATED")


async def test_an_auditor_may_ask_and_not_command(desk: Desk, service: Service, client_of: MakeClient) -> None:
    ids = await hotel(desk, 1)
    auditor = await client_of("auditor", "auditor", None)
    for call in queries(ids)[:3] + queries(ids)[4:]:
        assert (await send(auditor, call)).status_code == 200, call
    async with nothing_written(service):
        for call in [*commands(ids), ("POST", "/v1/commands", {"commands": []}), ("POST", "/v1/bills/transfer", [])]:
            expect_problem(await send(auditor, call), 403, "FORBIDDEN")


async def test_a_pms_may_ask_and_command_and_is_named_in_what_it_did(desk: Desk, client_of: MakeClient) -> None:
    ids = await hotel(desk, 1)
    pms = await client_of("front desk", "pms", None)
    for call in [*queries(ids)[:3], *queries(ids)[4:], *commands(ids)[:-1]]:
        answer = await send(pms, call)
        assert answer.status_code in {200, 201, 204}, line(answer)
    assert (await desk.bill(ids["bill"]))["cancelledBy"] == "front desk"


async def test_what_is_outside_of_a_keys_accommodations_is_not_found(
    desk: Desk, service: Service, client_of: MakeClient
) -> None:
    own, other = await hotel(desk, 1), await hotel(desk, 2)
    limited = await client_of("hotel 1", "pms", ["HOTEL-1", "HOTEL-9"])
    async with nothing_written(service):
        for call in [*queries(other), *commands(other)]:
            answer = await send(limited, call)
            assert answer.status_code == (400 if "position=99" in call[1] else 404), line(answer)
        mixed: list[Call] = [
            ("POST", f"/v1/folios/{other['folio']}/bills", NEW_BILL),
            ("POST", "/v1/bills/transfer", {"bills": [{"id": own["bill"]}], "folioId": other["folio"]}),
            ("POST", "/v1/bills/transfer", {"bills": [{"id": own["bill"]}, {"id": other["bill"]}], "folioId": "F"}),
            ("POST", "/v1/bills/transfer", {"bills": [{"id": other["bill"]}], "folioId": own["folio"]}),
            ("POST", f"/v1/bills/{own['bill']}/settlements",
             {"settlements": [{"targetBillId": other["bill"], "settledAmount": 1}]}),
            ("POST", f"/v1/folios/{own['folio']}/bills",
             {**NEW_BILL, "settlements": [{"targetBillId": other["bill"], "settledAmount": 1}]}),
        ]  # fmt: skip
        for call in mixed:
            expect_problem(await send(limited, call), 404, "DATA_NOT_FOUND_ON_ID")
        for method, path, body in [*commands(other), *mixed]:
            item = {"method": method, "path": path, "body": body or {}}
            good = {"method": "POST", "path": f"/v1/folios/{own['folio']}/bills", "body": NEW_BILL}
            batch = await limited.post("/v1/commands", json={"atomic": True, "commands": [good, item]})
            expect_problem(batch, 404, "DATA_NOT_FOUND_ON_ID", index=1)
            batch = await limited.post("/v1/commands", json={"commands": [item]})
            assert batch.json()["results"][0]["status"] == 404, line(batch)
        page = await limited.get(f"/v1/accommodations/HOTEL-1/bills?folioId={other['folio']}")
        assert page.json()["items"] == []


async def test_what_is_hidden_is_answered_as_what_does_not_exist(desk: Desk, client_of: MakeClient) -> None:
    other = await hotel(desk, 2)
    limited = await client_of("hotel 1", "pms", ["HOTEL-1"])
    unknown = {"accommodation": "HOTEL-X", "folio": "FOLIO-X", "bill": UNKNOWN_ULID, "second": UNKNOWN_ULID}
    unknown["payment"] = UNKNOWN_ULID[:-1] + "F"
    calls = zip(queries(other) + commands(other)[:-1], queries(unknown) + commands(unknown)[:-1], strict=True)
    for hidden, missing in calls:
        answers = [await send(limited, call) for call in (hidden, missing)]
        if "folios" in hidden[1] and hidden[0] == "POST":
            continue  # a folio that does not exist yet would be opened
        texts = []
        for answer, ids in zip(answers, (other, unknown), strict=True):
            text = answer.text.replace(answer.headers["X-Request-Id"], "")
            for id_ in ids.values():
                text = text.replace(id_, "ID")
            texts.append(text)
        assert texts[0] == texts[1]
        assert answers[0].headers.keys() == answers[1].headers.keys()


async def test_a_limited_key_does_everything_inside_of_its_accommodations(desk: Desk, client_of: MakeClient) -> None:
    ids = await hotel(desk, 1)
    limited = await client_of("hotel 1", "pms", ["HOTEL-1"])
    for call in [*queries(ids)[:3], *queries(ids)[4:], *commands(ids)[:-1]]:
        answer = await send(limited, call)
        assert answer.status_code in {200, 201, 204}, line(answer)


async def test_health_and_the_description_need_no_key(client: httpx.AsyncClient) -> None:
    client.headers.pop("Authorization")
    for path in ("/health/live", "/health/ready", "/metrics", "/openapi.json", "/docs"):
        answer = await client.get(path)
        assert answer.status_code == 200, line(answer)
        assert ADMIN_KEY not in answer.text
