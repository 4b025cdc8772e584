"""`folio payssam …` beside a running service: what an operator sees and does about the payment provider."""

import os
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest

from tests.faults.server import HEADERS, Server, running_server
from tests.forking import run_folio
from tests.journeys.sandbox import PROVIDER_KEY, Sandbox, running_sandbox

SECONDS_MAX = 30.0


class Town:
    """A service and the provider's sandbox, both in processes of their own."""

    def __init__(self, server: Server, sandbox: Sandbox, data: Path) -> None:
        self.server = server
        self.sandbox_address = sandbox.address
        self.environment = sandbox.settings
        self.data = data

    def folio(self, *arguments: str, environment: dict[str, str] | None = None) -> tuple[int, str]:
        """Run a command beside the service; returns its status and all that it says."""
        settings = self.environment if environment is None else environment
        environment = {**os.environ, "COLUMNS": "160", **settings}
        done = run_folio([*arguments, "--data", str(self.data)], environment, SECONDS_MAX)
        return done.returncode, done.stdout + done.stderr

    def ask(self, method: str, path: str, body: Any = None) -> Any:
        """Send a request to the service that must be answered with success."""
        answer = httpx.request(method, self.server.address + path, json=body, headers=HEADERS, timeout=SECONDS_MAX)
        assert answer.status_code < 300, answer.text
        return answer.json()

    def control(self, path: str, **body: Any) -> None:
        """Tell the sandbox something."""
        httpx.post(f"{self.sandbox_address}/sandbox/{path}", json=body, timeout=SECONDS_MAX).raise_for_status()

    def request_that_is(self, status: str, request_id: str) -> dict[str, Any]:
        """The payment request, once it has this status."""
        deadline = time.monotonic() + SECONDS_MAX
        while (request := self.ask("GET", f"/v1/payment-requests/{request_id}"))["status"] != status:
            assert time.monotonic() < deadline, request
            time.sleep(0.05)
        return dict(request)

    def sent_request(self) -> str:
        """A request that is with the guest."""
        bill = {"accommodationId": "HOTEL-1", "name": "Room", "totalAmount": 50_000}
        bill_id = self.ask("POST", "/v1/folios/FOLIO-1/bills", bill)["id"]
        guest = {"customerName": "홍길동", "phone": "010-1234-5678"}
        request_id = str(self.ask("POST", f"/v1/bills/{bill_id}/payment-requests", guest)["id"])
        self.request_that_is("SENT", request_id)
        return request_id


@pytest.fixture(scope="module")
def town(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Town]:
    """A town for all tests of this file; no public address, so that no callback comes by itself."""
    data = tmp_path_factory.mktemp("town") / "data"
    with running_sandbox() as sandbox, running_server(data, sandbox.settings) as server:
        yield Town(server, sandbox, data)


def callback(town: Town, body: str) -> int:
    """A callback as the provider would send it; returns the status of its answer."""
    address = f"{town.server.address}/callbacks/payssam"
    return httpx.post(address, content=body.encode(), timeout=SECONDS_MAX).status_code


def test_what_no_callback_told_is_found_put_right_and_kept_by_a_reconciliation(town: Town) -> None:
    paid, voided, untouched = town.sent_request(), town.sent_request(), town.sent_request()
    town.control(f"bills/{paid}/pay")
    town.control(f"bills/{voided}/destroy")
    status, said = town.folio("payssam", "reconcile")
    assert status == 0, said
    for request_id, after in ((paid, "PAID"), (voided, "DESTROYED")):
        [line] = [line for line in said.splitlines() if request_id in line]
        assert line.split() == [request_id, "SENT", after, "50,000"]
        assert town.request_that_is(after, request_id)
    assert untouched not in said
    assert "2 differed and are put right" in said
    assert "0 differed" in town.folio("payssam", "reconcile")[1]


def test_a_provider_that_says_nothing_is_told_of_and_is_a_failure(town: Town) -> None:
    request_id = town.sent_request()
    town.control("faults", operation="read", fault="error_500", times=100)
    status, said = town.folio("payssam", "reconcile")
    httpx.delete(f"{town.sandbox_address}/sandbox/faults").raise_for_status()
    assert status == 1
    assert f"{request_id}: no word from the provider" in said
    assert PROVIDER_KEY not in said


def test_without_a_provider_the_missing_settings_are_named(town: Town) -> None:
    status, said = town.folio("payssam", "reconcile", environment={})
    assert status == 1
    assert "FOLIO_PAYSSAM_BASE_URL" in said
    assert "Traceback" not in said


def test_half_a_provider_in_the_settings_is_refused(town: Town) -> None:
    status, said = town.folio("payssam", "reconcile", environment={"FOLIO_PAYSSAM_BASE_URL": town.sandbox_address})
    assert status == 1
    assert "set both or none" in " ".join(said.split())


def test_a_callback_that_cannot_be_dealt_with_is_listed_shown_and_replayed(town: Town) -> None:
    guest = f'"member_nm":"홍길동","phone":"01012345678","note":"{PROVIDER_KEY}"'
    body = f'{{"apikey":"{PROVIDER_KEY}","bill_id":"NOBODYSBILL000000000","appr_state":"F",{guest}}}'
    assert callback(town, body) == 200
    deadline = time.monotonic() + SECONDS_MAX
    while "there is no such payment request here" not in (listed := town.folio("payssam", "inbox", "list")[1]):
        assert time.monotonic() < deadline, listed
    [line] = [line for line in listed.splitlines() if "NOBODYSBILL000000000" in line]
    assert "NOBODYSBILL000000000" in town.folio("payssam", "inbox")[1]
    number = line.split()[0]
    assert "1 callbacks wait." in listed

    status, shown = town.folio("payssam", "inbox", "show", number)
    assert status == 0
    assert '"bill_id":"NOBODYSBILL000000000"' in shown
    assert '"apikey":"***"' in shown
    for private in (PROVIDER_KEY, "홍길동", "01012345678"):
        assert private not in shown

    status, said = town.folio("payssam", "inbox", "replay", number)
    assert (status, said.startswith("1 callbacks are due now")) == (0, True)
    status, said = town.folio("payssam", "inbox", "show", str(2**63))
    assert (status, "Traceback" in said) == (2, False)
    for command in ("show", "replay"):
        status, said = town.folio("payssam", "inbox", command, "4711")
        assert status == 1
        assert "There is no callback 4711" in said


def test_a_callback_of_a_paid_bill_is_dealt_with_and_leaves_the_list(town: Town) -> None:
    request_id = town.sent_request()
    town.control(f"bills/{request_id}/pay")
    assert callback(town, f'{{"apikey":"{PROVIDER_KEY}","bill_id":"{request_id}","appr_state":"F"}}') == 200
    assert town.request_that_is("PAID", request_id)["paidAmount"] == 50_000
    assert request_id not in town.folio("payssam", "inbox", "list")[1]
    [line] = [line for line in town.folio("payssam", "inbox", "list", "--all")[1].splitlines() if request_id in line]
    assert "DONE" in line


def test_a_data_folder_before_the_command_is_not_passed_over(town: Town) -> None:
    done = run_folio(["payssam", "inbox", "--data", str(town.data), "list"], os.environ, SECONDS_MAX)
    assert done.returncode == 1
    assert "Put --data after the command" in done.stderr
