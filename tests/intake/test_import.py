"""Importing a file into a service: each bill once, the good ones kept, the others told with their reason."""

import asyncio
import contextlib
import io
import json
import stat
import tracemalloc
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Any

import httpx
import pytest
from rich.console import Console

from services.billing.ports import StoreUnavailable
from services.bootstrap import Service
from services.desk.desk import Call, Key
from services.desk.outcomes import Outcome
from services.intake import importer, run
from services.intake.run import ImportFailed, Summary, import_file
from tests.conftest import PAID_AT, Desk
from tests.intake.exports import COLUMNS, SAMPLES, bill, csv, jsonl, line, rejects_in

Import = Callable[..., Awaitable[Summary]]


class Watched:
    """A desk that counts what goes on at once, and does beside it what a test wants."""

    def __init__(self, service: Service) -> None:
        self.trouble: str | None = None
        self.desk: Any = self
        self.running: list[str] = []
        self.most = 0
        self.before: Callable[[Call], Awaitable[None]] | None = None
        self.after: Callable[[Call], Awaitable[None]] | None = None
        self._desk = service.desk

    async def replay(self, key: Key) -> Outcome | None:
        return await self._desk.replay(key)

    async def run(self, call: Call) -> Outcome:
        self.running.append(call.id)
        self.most = max(self.most, len(self.running))
        assert len(set(self.running)) == len(self.running), "two bills of a folio at once"
        try:
            if self.before:
                await self.before(call)
            outcome = await self._desk.run(call)
            if self.after:
                await self.after(call)
            return outcome
        finally:
            self.running.remove(call.id)


@pytest.fixture
def watched(service: Service) -> Watched:
    return Watched(service)


@pytest.fixture
def import_(watched: Watched, tmp_path: Path) -> Import:
    """Imports content under a file's name; rejects go to rejects.jsonl."""

    async def import_content(content: bytes, name: str = "export.csv", console: Console | None = None) -> Summary:
        (tmp_path / name).write_bytes(content)
        console = console or Console(file=io.StringIO())
        return await import_file(watched, tmp_path / name, tmp_path / "rejects.jsonl", console)

    return import_content


async def bills_in(client: httpx.AsyncClient, folio: str = "F1") -> list[dict[str, Any]]:
    answer = await client.get(f"/v1/folios/{folio}")
    return [] if answer.status_code == 404 else list(answer.json()["bills"])


async def names_in(client: httpx.AsyncClient, folio: str = "F1") -> list[str]:
    return [each["name"] for each in await bills_in(client, folio)]


async def position(client: httpx.AsyncClient) -> str:
    """The position of the newest event: equal before and after when nothing happened."""
    return (await client.get("/v1/accommodations/HOTEL/bills")).headers["Folio-Position"]


async def test_a_bill_comes_in_as_the_api_would_take_it(import_: Import, desk: Desk, client: httpx.AsyncClient) -> None:
    header = f"{COLUMNS},reservationId,bankCode,accountNumber,accountHolder"
    content = csv(f"A,HOTEL,F1,객실료,1000,VIRTUAL_ACCOUNT,300,{PAID_AT},R1,088,110-1,홍길동", header=header)
    assert await import_(content) == Summary(bills_added=1, payments_added=1)
    (found,) = await bills_in(client)
    (payment,) = found["payments"]
    assert (found["name"], found["totalAmount"], found["balanceAmount"]) == ("객실료", 1000, 700)
    assert (found["accommodationId"], found["reservationId"], found["createdBy"]) == ("HOTEL", "R1", "import")
    assert payment["virtualAccounts"] == [{"bankCode": "088", "accountNumber": "110-1", "accountHolder": "홍길동"}]
    assert await desk.bill(found["id"]) == found


@pytest.mark.parametrize(("sample", "payments"), [("sample.csv", 8), ("sample.jsonl", 7)])
async def test_the_samples_come_in_once(import_: Import, sample: str, payments: int) -> None:
    content = (SAMPLES / sample).read_bytes()
    assert await import_(content, sample) == Summary(bills_added=12, payments_added=payments)
    assert await import_(content, sample) == Summary(already_there=12)


async def test_a_bill_comes_in_once_from_whatever_file(import_: Import, client: httpx.AsyncClient) -> None:
    await import_(csv(line("A", paid=300), line("B")))
    before = await position(client)
    payments = [{"paymentMethod": "CASH", "amount": 300, "paidAt": PAID_AT}]
    again = jsonl(bill("B"), bill("A", payments=payments), bill("B"))
    assert await import_(again, "another.jsonl") == Summary(already_there=3)
    assert await position(client) == before


async def test_the_same_external_id_of_another_accommodation_is_another_bill(import_: Import) -> None:
    assert (await import_(csv(line("A"), line("A", "F2", hotel="OTHER")))).bills_added == 2


async def test_another_content_under_an_external_id_is_rejected(
    import_: Import, client: httpx.AsyncClient, tmp_path: Path
) -> None:
    await import_(csv(line("A")))
    before = await position(client)
    summary = await import_(csv(line("A", total=2000), line("A", "F2"), line("B"), line("A", paid=5)))
    assert (summary.bills_added, summary.rejected) == (1, 3)
    assert [(each["line"], each["code"]) for each in rejects_in(tmp_path / "rejects.jsonl")] == [
        (2, "IDEMPOTENCY_KEY_REUSED"),
        (3, "IDEMPOTENCY_KEY_REUSED"),
        (5, "IDEMPOTENCY_KEY_REUSED"),
    ]
    reason = rejects_in(tmp_path / "rejects.jsonl")[0]["reason"]
    assert reason == "externalId 'A' was imported before with other content; nothing was changed."
    assert await names_in(client) == ["객실료", "객실료"]
    assert await position(client) > before


async def test_what_is_wrong_is_rejected_in_its_order_and_the_rest_is_kept(
    import_: Import, client: httpx.AsyncClient, tmp_path: Path
) -> None:
    content = csv(
        line("A", name="first"),
        line("B", total="1000.0"),
        line("C", hotel="OTHER"),
        'D,HOTEL,F1,"x,1,,,',
        f"E,HOTEL,F1,x,1,CARD,1,{PAID_AT[:19]}",
        line("F", name="last"),
        f"G,HOTEL,F1,x,1,CARD,{10**15},2300-01-01T00:00:00Z",
    )
    summary = await import_(content)
    assert summary == Summary(bills_added=2, rejected=5, rejects_file=tmp_path / "rejects.jsonl")
    assert str(tmp_path / "rejects.jsonl") in summary.text()
    assert await names_in(client) == ["first", "last"]
    rejects = rejects_in(tmp_path / "rejects.jsonl")
    told = [(each["line"], each["externalId"], [error["column"] for error in each["errors"]]) for each in rejects]
    assert told == [
        (3, "B", ["totalAmount"]),
        (4, "C", ["accommodationId"]),
        (5, "D", [None]),
        (6, "E", ["paidAt"]),
        (8, "G", ["paidAt"]),
    ]
    assert rejects[1]["reason"] == "accommodationId: Folio F1 does not belong to accommodation OTHER."
    assert stat.S_IMODE((tmp_path / "rejects.jsonl").stat().st_mode) == 0o600


async def test_repaired_rejects_come_in_and_only_they(
    import_: Import, client: httpx.AsyncClient, tmp_path: Path
) -> None:
    await import_(csv(line("A"), line("B", total="1,000".join('""')), line("C", hotel="OTHER"), line("D", name=" ")))
    rejects = rejects_in(tmp_path / "rejects.jsonl")
    rejects[0]["row"]["totalAmount"] = 1000  # was wrong in form
    rejects[1]["row"]["folioId"] = "F2"  # was refused by the ledger
    assert await import_(jsonl(*rejects), "repaired.jsonl") == Summary(
        bills_added=2, rejected=1, rejects_file=tmp_path / "rejects.jsonl"
    )
    assert [each["externalId"] for each in rejects_in(tmp_path / "rejects.jsonl")] == ["D"]
    assert len(await bills_in(client, "F1")) == 2
    assert len(await bills_in(client, "F2")) == 1
    assert (await import_(jsonl(*rejects), "repaired.jsonl")).already_there == 2


async def test_a_refusal_is_forgotten_when_its_cause_is_gone(import_: Import, desk: Desk) -> None:
    owing = await desk.add_bill("F1", 500, accommodationId="HOTEL")
    settling = bill("A", total=0, settlements=[{"targetBillId": owing["id"], "settledAmount": 800}])
    assert (await import_(jsonl(settling), "a.jsonl")).rejected == 1
    await desk.client.patch(f"/v1/bills/{owing['id']}", json={"totalAmount": 800})
    assert (await import_(jsonl(settling), "a.jsonl")).bills_added == 1
    assert (await import_(jsonl(settling), "a.jsonl")).already_there == 1  # though by now it would be refused


async def test_rejects_of_an_earlier_run_are_put_aside(import_: Import, tmp_path: Path) -> None:
    await import_(csv(line("A", total="x")))
    assert (await import_(csv(line("A")))).rejected == 0
    assert not (tmp_path / "rejects.jsonl").exists()
    assert [each["externalId"] for each in rejects_in(tmp_path / "rejects.jsonl.bak")] == ["A"]


async def test_bills_of_a_folio_come_in_the_order_of_the_file_and_many_at_once(
    import_: Import, watched: Watched, client: httpx.AsyncClient
) -> None:
    async def dawdle(call: Call) -> None:
        await asyncio.sleep(0.05 if getattr(call.body, "name", "") == "n0" else 0.01)

    watched.before = dawdle
    lines = [line(f"{folio}-{each}", f"F{folio}", name=f"n{each}") for each in range(5) for folio in range(100)]
    assert (await import_(csv(*lines))).bills_added == 500
    for folio in range(100):
        assert await names_in(client, f"F{folio}") == ["n0", "n1", "n2", "n3", "n4"]
    assert 32 <= watched.most <= 64


async def test_the_same_bill_twice_in_a_file_is_added_once(import_: Import, tmp_path: Path) -> None:
    assert await import_(jsonl(bill("A"), bill("A")), "a.jsonl") == Summary(bills_added=1, already_there=1)
    assert (await import_(jsonl(bill("B", "F1"), bill("B", "F2")), "b.jsonl")).rejected == 1
    assert [each["code"] for each in rejects_in(tmp_path / "rejects.jsonl")] == ["IDEMPOTENCY_KEY_REUSED"]


async def test_an_interrupted_import_goes_on_where_it_stopped(
    import_: Import, watched: Watched, client: httpx.AsyncClient
) -> None:
    content = csv(*[line(f"{each}", f"F{each % 40}", paid=1) for each in range(400)])
    enough = asyncio.Event()
    done = 0

    async def count(_: Call) -> None:
        nonlocal done
        done += 1
        if done == 150:
            enough.set()

    watched.after = count
    console = Console(file=io.StringIO())
    first = asyncio.ensure_future(import_(content, console=console))
    await enough.wait()
    first.cancel()
    with pytest.raises(asyncio.CancelledError):
        await first
    assert "Stopped. So far: Bills added: " in console.file.getvalue()  # type: ignore[attr-defined]
    assert "goes on where it stopped" in console.file.getvalue()  # type: ignore[attr-defined]
    second = await import_(content)
    assert second.already_there >= 150
    assert second.bills_added + second.already_there == 400
    found = [each for folio in range(40) for each in await bills_in(client, f"F{folio}")]
    assert len(found) == 400
    assert sum(len(each["payments"]) for each in found) == 400


async def test_an_interruption_is_not_lost_in_a_bill_that_is_just_done(import_: Import, watched: Watched) -> None:
    begun = asyncio.Event()

    async def finish_in_spite_of_it(call: Call) -> None:
        if call.id == "F0":  # the one that is waited for first
            begun.set()
        with contextlib.suppress(asyncio.CancelledError):
            await asyncio.sleep(0.5)

    watched.before = finish_in_spite_of_it
    importing = asyncio.ensure_future(import_(csv(*[line(f"{each}", f"F{each}") for each in range(100)])))
    await begun.wait()
    importing.cancel()
    with pytest.raises(asyncio.CancelledError):
        await importing


async def test_an_outage_is_waited_for(import_: Import, watched: Watched, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(importer, "RETRY_PAUSE_SECONDS", 0.01)
    failures = iter(range(50))

    async def fail(_: Call) -> None:
        if next(failures, None) is not None:
            raise StoreUnavailable("away")

    watched.before = fail
    assert (await import_(csv(*[line(f"{each}", f"F{each}") for each in range(20)]))).bills_added == 20


async def test_a_bill_whose_answer_was_lost_counts_once(
    import_: Import, watched: Watched, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(importer, "RETRY_PAUSE_SECONDS", 0.01)

    async def lose(_: Call) -> None:
        watched.after = None
        raise StoreUnavailable("the connection broke after the commit")

    watched.after = lose
    assert await import_(csv(line(paid=1))) == Summary(bills_added=1, payments_added=1)
    assert await import_(csv(line(paid=1))) == Summary(already_there=1)


async def test_an_outage_that_lasts_ends_the_import_and_says_how_to_go_on(
    import_: Import, watched: Watched, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(importer, "RETRY_PAUSE_SECONDS", 0.01)
    monkeypatch.setattr(importer, "RETRY_SECONDS_MAX", 0.1)
    content = csv(*[line(f"{each}", f"F{each}") for each in range(100)])

    async def fail(call: Call) -> None:
        if int(call.id[1:]) >= 70:
            raise StoreUnavailable("away")

    watched.before = fail
    with pytest.raises(ImportFailed, match=r"does not answer any more\. So far: .* goes on where it stopped"):
        await import_(content)
    watched.before = None
    summary = await import_(content)
    assert summary.bills_added >= 30
    assert summary.bills_added + summary.already_there == 100


async def test_a_service_that_does_not_get_ready_is_not_waited_for_without_end(
    import_: Import, watched: Watched, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(run, "READY_SECONDS_MAX", 0.1)
    watched.trouble = "the database does not answer"
    with pytest.raises(ImportFailed, match=r"Nothing was imported: the database does not answer\."):
        await import_(csv(line()))


@pytest.mark.parametrize(
    ("name", "content", "said"),
    [
        ("a.csv", b"", "empty"),
        ("a.jsonl", b"\n", "empty"),
        ("a.csv", csv(line(), header="externalId,guest"), "Not known: 'guest'"),
        ("a.xlsx", b"PK", "neither .csv nor .jsonl"),
        ("a.csv", csv(line()).decode().encode("cp949"), "CP949"),
        ("rejects.jsonl", jsonl(bill()), "would replace"),
    ],
)
async def test_a_file_that_cannot_be_imported_changes_nothing(
    import_: Import, client: httpx.AsyncClient, tmp_path: Path, name: str, content: bytes, said: str
) -> None:
    before = await position(client)
    with pytest.raises(ImportFailed, match=said):
        await import_(content, name)
    assert await position(client) == before
    assert [each.name for each in tmp_path.iterdir()] == [name]


async def test_places_that_are_not_files_are_refused(watched: Watched, tmp_path: Path) -> None:
    silent = Console(file=io.StringIO())
    with pytest.raises(ImportFailed, match="is a folder"):
        await import_file(watched, tmp_path, tmp_path / "r.jsonl", silent)
    with pytest.raises(ImportFailed, match="There is no file"):
        await import_file(watched, tmp_path / "a.csv", tmp_path / "r.jsonl", silent)
    (tmp_path / "a.csv").write_bytes(csv(line()))
    for rejects in (tmp_path, tmp_path / "missing" / "r.jsonl", tmp_path / "a.csv" / "r.jsonl"):
        with pytest.raises(ImportFailed, match="Rejects cannot be written"):
            await import_file(watched, tmp_path / "a.csv", rejects, silent)


async def test_a_header_alone_is_an_export_without_bills(import_: Import) -> None:
    assert await import_(csv()) == Summary()


@pytest.mark.parametrize("terminal", [True, False])
async def test_progress_is_shown_on_a_terminal_alone(import_: Import, terminal: bool) -> None:
    console = Console(file=io.StringIO(), force_terminal=terminal, width=120)
    await import_(csv(*[line(f"{each}") for each in range(30)]), "[bold].csv", console)
    shown = console.file.getvalue()  # type: ignore[attr-defined]
    assert ("30 bills" in shown and "100%" in shown and "[bold].csv" in shown) if terminal else shown == ""


class Nowhere:
    """A service that takes everything and keeps nothing."""

    trouble: str | None = None

    def __init__(self) -> None:
        self.desk: Any = self

    async def replay(self, _: Key) -> None:
        await asyncio.sleep(0)

    async def run(self, call: Call) -> Outcome:
        await asyncio.sleep(0)
        return Outcome(201, {"payments": getattr(call.body, "payments", None) or []})


async def test_memory_is_bounded_however_long_the_file(tmp_path: Path) -> None:
    lines = (line(f"{each}", f"F{each // 3}", "x" if each % 10 == 0 else 1000, paid=1) for each in range(20_000))
    file = tmp_path / "big.csv"
    with file.open("w") as opened:
        opened.writelines(f"{each}\n" for each in (COLUMNS, *lines))
    tracemalloc.start()
    try:
        summary = await import_file(Nowhere(), file, tmp_path / "r.jsonl", Console(file=io.StringIO()))
        _, peak = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert (summary.bills_added, summary.payments_added, summary.rejected) == (18_000, 18_000, 2_000)
    assert peak < 4_000_000  # to keep all bills takes 12 MB more; pydantic's cache of strings takes 1
    assert json.loads((tmp_path / "r.jsonl").read_text().splitlines()[-1])["line"] == 19_992
