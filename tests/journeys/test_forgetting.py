"""A guest's whole stay, then the forgetting: not a byte of the guest is left, and the money is as it was."""

import json
import os
import stat
import subprocess
import time
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import httpx
import pytest
from typer.testing import CliRunner

from projections.reports import REPORTS
from services.cli import app
from services.store.embedded import attach, discard
from tests.faults.server import HEADERS, SECONDS_MAX, Server
from tests.forking import run_folio
from tests.journeys.sandbox import PROVIDER_KEY, Sandbox, running_sandbox
from tests.traces import dump_of, found_in

FOLIO, OTHER_FOLIO = "FOLIO-204", "FOLIO-205"
NAME, PHONE, MESSAGE = "남궁보라매", "010-7731-2904", "늦은 체크아웃 요금을 부탁드립니다"
NUMBER, CORRECTED, DELETED = "110-237-480915", "352-0917-4461-03", "1002-778-310992"
HOLDER, MOTHER, AGENT = "남궁보라매", "황보혜린", "선우여행사 김"
SECRETS = (NAME, PHONE, MESSAGE, NUMBER, CORRECTED, DELETED, MOTHER, AGENT)
OTHER = ("제갈미르나래", "010-4456-8813")
QUERIES = {"/v1/folios/{folioId}/diff": "?from=2026-01-01T00:00:00Z"}
"""What must be said with a path."""
PERIOD = "?from=2026-01-01&to=2030-12-31&explain=true"
PROXY = "203.0.113.77"
REASON = "case 2026-117"


def paid_from(number: str, holder: str) -> dict[str, Any]:
    """A payment over a virtual account."""
    account = {"bankCode": "088", "accountNumber": number, "accountHolder": holder}
    return {
        "paymentMethod": "VIRTUAL_ACCOUNT", "amount": 10_000, "paidAt": "2026-11-22T14:00:00+09:00",
        "virtualAccounts": [account],
    }  # fmt: skip


@dataclass
class House:
    """A running service with the sandbox as its provider, and what became of the guest there."""

    server: Server
    sandbox: Sandbox
    data: Path
    ids: dict[str, str] = field(default_factory=dict)
    first: dict[str, Any] = field(default_factory=dict)
    before: dict[str, Any] = field(default_factory=dict)
    exported: Path = Path()

    @property
    def conninfo(self) -> str:
        """The address of the service's database."""
        found = attach(self.data)
        assert found is not None
        return found

    def send(self, method: str, path: str, body: Any = None, key: str | None = None) -> httpx.Response:
        """A request with the key of an administrator."""
        headers = HEADERS if key is None else {**HEADERS, "Idempotency-Key": key}
        return httpx.request(method, self.server.address + path, json=body, headers=headers, timeout=SECONDS_MAX)

    def ask(self, method: str, path: str, body: Any = None, key: str | None = None) -> Any:
        """The body of an answer that must be a success."""
        answer = self.send(method, path, body, key)
        assert answer.is_success, answer.text
        return answer.json() if answer.content else None

    def folio(self, *arguments: str) -> subprocess.CompletedProcess[str]:
        """Run a command beside the service."""
        return run_folio([*arguments, "--data", str(self.data)], {**os.environ, "COLUMNS": "200"}, SECONDS_MAX)

    def paid_request(self, folio: str, name: str, phone: str, proxy: str) -> str:
        """A bill of the folio that its guest was asked to pay, and has paid at the provider, which reports it."""
        new = {"accommodationId": "HOTEL-1", "name": "Room charge", "totalAmount": 90_000}
        bill_id = self.ask("POST", f"/v1/folios/{folio}/bills", new)["id"]
        guest = {"customerName": name, "phone": phone, "message": MESSAGE, "productName": "Room 204"}
        path = f"/v1/bills/{bill_id}/payment-requests"
        request_id = str(self.ask("POST", path, guest, key=f"ask {folio}")["id"])
        self.wait_for(request_id, "SENT")
        httpx.post(f"{self.sandbox.address}/sandbox/bills/{request_id}/pay", json={}).raise_for_status()
        self.wait_for(request_id, "PAID")
        assert self.report(request_id, name, phone, proxy).status_code == 200
        return request_id

    def report(self, request_id: str, name: str, phone: str, proxy: str, **more: str) -> httpx.Response:
        """A callback that names the guest, in its headers too."""
        said = {"apikey": PROVIDER_KEY, "bill_id": request_id, "appr_state": "F", "member_nm": name, "phone": phone}
        address = f"{self.server.address}/callbacks/payssam"
        return httpx.post(address, json={**said, **more}, headers={"X-Forwarded-For": proxy}, timeout=SECONDS_MAX)

    def wait_for(self, request_id: str, status: str) -> None:
        """Wait until a payment request has a status."""
        deadline = time.monotonic() + SECONDS_MAX
        while self.ask("GET", f"/v1/payment-requests/{request_id}")["status"] != status:
            assert time.monotonic() < deadline
            time.sleep(0.05)

    def answers(self) -> Iterator[httpx.Response]:
        """The answer of every route that can be got, the feed's among them."""
        described = self.ask("GET", "/openapi.json")["paths"]
        for path in [path for path, operations in described.items() if "get" in operations]:
            if "{name}" in path:
                for name in REPORTS:
                    yield self.send("GET", path.format(**self.ids, name=name) + PERIOD)
            elif path != "/v1/events/stream":  # has no end; its events are those of /v1/events
                yield self.send("GET", path.format(**self.ids) + QUERIES.get(path, ""))
        yield self.send("GET", f"/v1/folios/{FOLIO}?position=8")
        yield self.send("GET", f"/v1/bills/{self.ids['billId']}?position=8")


class ReportedServer(Server):
    """`folio serve` that the provider's sandbox can reach."""

    def __init__(self, data: Path, sandbox: Sandbox) -> None:
        super().__init__(data, environment=sandbox.settings)
        self._environment["FOLIO_PUBLIC_URL"] = self.address


def stay(house: House) -> None:
    """The guest pays over virtual accounts that are corrected and deleted, and is asked for the rest."""
    new = {"accommodationId": "HOTEL-1", "name": "Minibar", "totalAmount": 50_000}
    bill = house.ask("POST", f"/v1/folios/{FOLIO}/bills", new)
    payments = f"/v1/bills/{bill['id']}/payments"
    house.first = house.ask("POST", payments, paid_from(NUMBER, HOLDER), key="pay")
    changes = {"virtualAccounts": paid_from(CORRECTED, MOTHER)["virtualAccounts"]}
    house.ask("PATCH", f"/v1/payments/{house.first['id']}", changes, key="correct")
    deleted = house.ask("POST", payments, paid_from(DELETED, AGENT), key="pay again")
    house.ask("DELETE", f"/v1/payments/{deleted['id']}")
    request_id = house.paid_request(FOLIO, NAME, PHONE, PROXY)
    house.paid_request(OTHER_FOLIO, *OTHER, "198.51.100.9")
    house.ids = {
        "accommodationId": "HOTEL-1", "folioId": FOLIO, "billId": bill["id"], "paymentId": house.first["id"],
        "paymentRequestId": request_id,
    }  # fmt: skip


@pytest.fixture(scope="module")
def house(tmp_path_factory: pytest.TempPathFactory) -> Iterator[House]:
    """A house whose guest has stayed, was exported, and is forgotten."""
    folder = tmp_path_factory.mktemp("house")
    data = folder / "data"
    with running_sandbox() as sandbox:
        server = ReportedServer(data, sandbox)
        try:
            server.start()
            server.wait_for(200)
            told = House(server, sandbox, data)
            stay(told)
            told.exported = folder / "guest.json"
            assert told.folio("privacy", "export", FOLIO, "--out", str(told.exported)).returncode == 0
            told.before = told.ask("GET", f"/v1/folios/{FOLIO}")
            told.before["dump"] = dump_of(told.conninfo)
            done = told.folio("privacy", "forget", FOLIO, "--reason", REASON, "--yes")
            assert done.returncode == 0, done.stderr
            yield told
            server.end()
        finally:
            server.kill()
            discard(data)


def test_the_export_held_all_that_was_kept_of_the_guest_and_no_credential(house: House) -> None:
    text = house.exported.read_text("utf-8")
    export = json.loads(text)
    assert [secret for secret in SECRETS if secret.replace("-", "") not in text.replace("-", "")] == []
    given = [account for entry in export["virtualAccounts"] for account in entry["accounts"]]
    assert [(account["accountNumber"], account["accountHolder"]) for account in given] == [
        (NUMBER, HOLDER), (CORRECTED, MOTHER), (DELETED, AGENT),
    ]  # fmt: skip
    [request] = export["paymentRequests"]
    assert (request["customerName"], request["message"], request["productName"]) == (NAME, MESSAGE, "Room 204")
    assert request["receipt"]["amount"] == 90_000
    assert len(export["callbacks"]) == 2, "the sandbox's own, and one that names the guest"
    assert any(each["headers"].get("x-forwarded-for") == PROXY for each in export["callbacks"])
    assert export["forgottenAt"] is None
    assert PROVIDER_KEY not in text
    assert OTHER[0] not in text
    assert stat.S_IMODE(house.exported.stat().st_mode) == 0o600


def test_no_byte_of_the_guest_is_left_in_the_whole_database(house: House) -> None:
    assert found_in(house.before["dump"], [NAME, PHONE, PROXY]) == [NAME, PHONE, PROXY], "the callback held them"
    dump = dump_of(house.conninfo)
    assert b"folio.guest_forgotten" in dump
    assert found_in(dump, [*SECRETS, PROXY]) == []
    assert found_in(dump, OTHER) == [*OTHER], "somebody else's callback is as it came"


def test_no_log_holds_the_guest(house: House) -> None:
    for log in (house.server.log, house.data / "postgres.log"):
        assert found_in(log.read_bytes(), SECRETS) == [], log


def test_no_answer_shows_the_guest_and_the_feed_shows_the_forgetting(house: House) -> None:
    answers = list(house.answers())
    assert len(answers) > 12
    for answer in answers:
        assert answer.status_code == 200, answer.url
        assert found_in(answer.content, SECRETS) == [], answer.url
    assert any("folio.guest_forgotten" in answer.text and REASON in answer.text for answer in answers)
    again = house.send("POST", f"/v1/bills/{house.ids['billId']}/payments", paid_from(NUMBER, HOLDER), key="pay")
    assert again.headers["Idempotency-Replayed"] == "true"
    nothing = {"bankCode": "088", "accountNumber": None, "accountHolder": None}
    assert again.json() == {**house.first, "virtualAccounts": [nothing]}


def test_amounts_payments_and_balances_are_as_they_were(house: House) -> None:
    def without_accounts(folio: dict[str, Any]) -> Any:
        bills = [
            {**bill, "payments": [{**each, "virtualAccounts": None} for each in bill["payments"]]}
            for bill in folio["bills"]
        ]
        return [folio["totalAmount"], folio["paidAmount"], folio["balanceAmount"], bills]

    after = house.ask("GET", f"/v1/folios/{FOLIO}")
    assert without_accounts(after) == without_accounts(house.before)
    assert (after["totalAmount"], after["paidAmount"], after["balanceAmount"]) == (140_000, 100_000, 50_000)


def test_read_models_are_what_the_log_says_and_are_rebuilt_without_the_key(house: House) -> None:
    for arguments in (("rebuild", "--all"), ("rebuild", "--all", "--verify")):
        done = house.folio("projections", *arguments)
        assert done.returncode == 0, done.stderr


def test_an_export_after_it_says_when_and_shows_nothing_of_the_guest(house: House) -> None:
    done = house.folio("privacy", "export", FOLIO)
    export = json.loads(done.stdout)
    assert (export["forgottenBy"], export["reason"]) != (None, None)
    assert all(each["body"] is None and each["headers"] == {} for each in export["callbacks"])
    assert found_in((done.stdout + done.stderr).encode(), SECRETS) == []


def test_a_callback_that_comes_later_is_taken_known_and_kept_without_what_it_says(house: House) -> None:
    for _ in range(2):
        reported = house.report(house.ids["paymentRequestId"], NAME, PHONE, PROXY, appr_num="later")
        assert reported.status_code == 200
    export = house.ask("GET", f"/v1/folios/{FOLIO}/privacy/export")
    assert [each["body"] for each in export["callbacks"]] == [None] * 3
    assert found_in(dump_of(house.conninfo), [NAME, PHONE, PROXY]) == []


def test_to_forget_again_at_the_command_line_says_when_it_was_done(house: House) -> None:
    position = int(house.send("GET", f"/v1/folios/{FOLIO}").headers["Folio-Position"])
    done = house.folio("privacy", "forget", FOLIO, "--reason", "again", "--yes")
    assert (done.returncode, REASON in done.stderr, "again" in done.stderr) == (0, True, True)
    assert "may hold remains until they are overwritten" in done.stderr
    assert int(house.send("GET", f"/v1/folios/{FOLIO}").headers["Folio-Position"]) == position


def test_a_folio_that_is_not_there_is_named(house: House) -> None:
    done = house.folio("privacy", "forget", "FOLIO-404", "--yes", "--reason", "x")
    assert (done.returncode, done.stdout) == (1, "")
    assert "There is no folio FOLIO-404." in done.stderr
    assert "Traceback" not in done.stderr


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (("forget", FOLIO, "--reason", "x"), "Say --yes"),
        (("forget", FOLIO, "--yes"), "--reason"),
        (("forget", FOLIO, "--yes", "--reason", " "), "reason"),
        (("forget", "a/b", "--yes", "--reason", "x"), "folioId"),
        (("export", "a/b"), "folioId"),
    ],
)
def test_what_is_wrong_is_said_before_anything_is_opened(tmp_path: Path, arguments: tuple[str, ...], said: str) -> None:
    done = CliRunner().invoke(app, ["privacy", *arguments, "--data", str(tmp_path / "none")])
    assert (done.exit_code, done.stdout) == (1, "")
    assert said in done.stderr
    assert list(tmp_path.iterdir()) == []


def test_an_export_is_never_written_over_a_file(house: House) -> None:
    before = house.exported.read_bytes()
    done = house.folio("privacy", "export", FOLIO, "--out", str(house.exported))
    assert (done.returncode, "exists and was left as it is" in done.stderr) == (1, True)
    assert house.exported.read_bytes() == before
