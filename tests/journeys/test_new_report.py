"""A new report is a file: found by itself, filled from event 0 by one rebuild, and asked for like any other."""

import asyncio
import os
import re
import shutil
import subprocess
import sys
from collections.abc import AsyncIterator, Sequence
from pathlib import Path

import httpx
import pyarrow.parquet
import pytest

from projections.reports import REPORTS
from services.bootstrap import READ_MODELS
from tests.conftest import Desk
from tests.faults.server import HEADERS, Server
from tests.rest.report_house import ODD_NAME, all_days, busy_house, open_day, report

ROOT = Path(__file__).parents[2]
SECONDS_MAX = 60
SHOWN = re.compile(r"\*\*A new report\*\*.*?```python\n(.*?)```", re.DOTALL)


class NewerServer(Server):
    """`folio serve` of other code."""

    def __init__(self, code: Path, database_url: str) -> None:
        super().__init__(code / "data", database_url, {"PYTHONPATH": str(code)})
        self._code = code

    def _begin(self, command: Sequence[str]) -> subprocess.Popen[bytes]:
        with self.log.open("ab") as log:
            program = [sys.executable, "-m", "services.cli", *command]
            return subprocess.Popen(program, cwd=self._code, env=self._environment, stdout=log, stderr=log)


@pytest.fixture
def code(tmp_path: Path) -> Path:
    """The code, as a developer has it who has added the file that CONTRIBUTING.md shows."""
    for package in ("services", "projections"):
        shutil.copytree(ROOT / package, tmp_path / package, ignore=shutil.ignore_patterns("__pycache__"))
    shown = SHOWN.search((ROOT / "CONTRIBUTING.md").read_text())
    assert shown is not None
    (tmp_path / "projections" / "reports" / "bill_names.py").write_text(shown[1])
    return tmp_path


@pytest.fixture
async def newer(code: Path, database: str, desk: Desk) -> AsyncIterator[httpx.AsyncClient]:
    """A client of a service with that file, beside one without it, on a ledger with a past."""
    await busy_house(desk)
    environment = {**os.environ, "FOLIO_DATABASE_URL": database, "PYTHONPATH": str(code)}
    command = [sys.executable, "-m", "services.cli", "projections", "rebuild", "posted_names"]
    rebuilt = await asyncio.to_thread(
        subprocess.run, command, cwd=code, env=environment, capture_output=True, text=True, timeout=SECONDS_MAX
    )
    assert rebuilt.returncode == 0, rebuilt.stderr
    server = NewerServer(code, database)
    try:
        server.start()
        await asyncio.to_thread(server.wait_for, 200)
        async with httpx.AsyncClient(base_url=server.address, headers=HEADERS, timeout=SECONDS_MAX) as client:
            yield client
        server.end()
    finally:
        server.kill()


async def test_a_file_and_a_rebuild_tell_of_the_whole_past(
    newer: httpx.AsyncClient, client: httpx.AsyncClient, desk: Desk, tmp_path: Path
) -> None:
    days = all_days(await open_day(newer))
    answer = await report(newer, "bill-names", **days, explain="true")
    told = answer.json()
    assert told["rows"] == [{"name": ODD_NAME, "posted": 1}, {"name": "Room charge", "posted": 2}]
    events = (await client.get("/v1/events?limit=500&type=bill.added")).json()["items"]
    posted = [event for event in events if event["accommodationid"] == "HOTEL-1"]
    assert sorted(event["position"] for event in told["events"]) == [int(event["id"]) for event in posted]

    await desk.add_bill("F-3", 5)  # at the service without that report
    assert (await report(newer, "bill-names", **days)).json()["rows"][1]["posted"] == 3
    again = await report(newer, "bill-names", **days, explain="true", position=told["position"])
    assert again.content == answer.content
    assert (await report(newer, "bill-names", **days, folioId="F-2")).json()["rows"][0]["posted"] == 1
    file = tmp_path / "names.parquet"
    file.write_bytes((await report(newer, "bill-names", **days, format="parquet")).content)
    assert pyarrow.parquet.read_table(file).column("posted").to_pylist() == [1, 3]

    listed = (await newer.get("/v1/accommodations/HOTEL-1/reports")).json()["items"]
    assert {item["name"] for item in listed} == {*REPORTS, "bill-names"}


def test_no_read_model_stands_twice_among_them() -> None:
    """A report may name the table of another file."""
    assert len({model.name for model in READ_MODELS}) == len(READ_MODELS)
