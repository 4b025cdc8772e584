"""`folio report` beside a running service and without one, and what other programs make of the files."""

import asyncio
import contextlib
import io
import json
import os
import resource
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from xml.etree import ElementTree

import duckdb
import httpx
import psycopg
import pyarrow.parquet
import pytest
import typer
from typer.testing import CliRunner

from projections.reports import REPORTS
from services.cli import app
from services.cli_output import written_to
from services.cli_report import SHOWN_ROWS_MAX
from services.store.embedded import attach
from tests.conftest import Desk
from tests.faults.server import HEADERS, Server, running_server
from tests.forking import run_folio
from tests.rest.report_house import ODD_NAME, all_days, busy_house
from tests.rest.test_reports_streamed import INSERT, LONG_AGO, PAYMENTS
from tests.unit.formats.spreadsheet import AS_IT_IS_WRITTEN, opened, soffice

SECONDS_MAX = 60.0
HOUSE = ("--accommodation", "HOTEL-1")
LONG = (*HOUSE, "--from", LONG_AGO["from"], "--to", LONG_AGO["to"])
TOO_LARGE = 100_000
COMMAND = (sys.executable, "-m", "services.cli", "report")
ENVIRONMENT = {name: value for name, value in os.environ.items() if name != "FOLIO_DATABASE_URL"} | {"COLUMNS": "200"}
BILLS_OF_A_FOLIO = {"groupBy": "bill", "bom": "true", "folioId": "F-1"}


class Office:
    """A service with a busy house, and the command beside it."""

    def __init__(self, server: Server, data: Path) -> None:
        self.server = server
        self.data = data
        self.day = self.get("/v1/accommodations/HOTEL-1/days").json()["businessDate"]

    def get(self, path: str, **given: str) -> httpx.Response:
        """An answer of the service."""
        answer = httpx.get(self.server.address + path, params=given, headers=HEADERS, timeout=SECONDS_MAX)
        assert answer.status_code == 200, answer.text
        return answer

    def ask(self, name: str, **given: str) -> httpx.Response:
        """A report of HOTEL-1."""
        return self.get(f"/v1/accommodations/HOTEL-1/reports/{name}", **given)

    def report(self, *arguments: str) -> tuple[int, str, str]:
        """Run the command; returns its status, what it gives out, and what it says."""
        return report(self.data, *arguments)


def report(data: Path, *arguments: str) -> tuple[int, str, str]:
    done = run_folio(["report", *arguments, "--data", str(data)], ENVIRONMENT, SECONDS_MAX)
    return done.returncode, done.stdout, done.stderr


async def _live(server: Server) -> None:
    async with httpx.AsyncClient(base_url=server.address, headers=HEADERS, timeout=SECONDS_MAX) as client:
        await busy_house(Desk(client))


@pytest.fixture(scope="module")
def office(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Office]:
    """The one service of these tests: they only look. Long ago, it has more payments than the log."""
    data = tmp_path_factory.mktemp("reported") / "data"
    with running_server(data) as server:
        asyncio.run(_live(server))
        house = Office(server, data)
        house.ask("payments", **LONG_AGO)  # so that the table is up to date
        with psycopg.connect(attach(data) or "", autocommit=True) as connection:
            connection.execute(INSERT.encode())
        yield house


def test_the_table_shows_the_open_day_unless_told_otherwise(office: Office) -> None:
    code, given, said = office.report("daily-takings", *HOUSE)
    assert (code, said) == (0, "")
    title, header, *rows = [line.split() for line in given.splitlines()]
    told = office.ask("daily-takings", **{"from": office.day, "to": office.day}).json()
    assert " ".join(title) == (f"Daily takings, HOTEL-1, {office.day} to {office.day}, position {told['position']}"), (
        given
    )
    assert header == [column["name"] for column in told["columns"]]
    assert [(row[1], row[-1]) for row in rows] == [
        (row["paymentMethod"], f"{row[header[-1]]:,}") for row in told["rows"]
    ]


def test_a_day_alone_is_first_and_last_and_events_follow_the_table(office: Office) -> None:
    code, given, said = office.report("revenue", *HOUSE, "--from", office.day, "--explain")
    assert (code, said) == (0, "")
    assert f"{office.day} to {office.day}" in given.splitlines()[0]
    assert "Its events" in given
    assert "bill.added" in given


def test_files_hold_the_bytes_that_the_service_answers(office: Office, tmp_path: Path) -> None:
    days = all_days(office.day)
    position = str(office.ask("revenue", **days).json()["position"])
    period = (*HOUSE, "--from", days["from"], "--to", days["to"], "--position", position)
    for name, format_, options, more in (
        ("outstanding", "csv", ("--group-by", "bill", "--bom", "--folio", "F-1"), BILLS_OF_A_FOLIO),
        ("daily-takings", "PNG", ("--chart",), {}),
    ):
        file = tmp_path / f"report.{format_}"
        file.write_text("an older one, and a longer one, " * 1_000)
        last = () if options[-1] == "--chart" else ("--output",)
        code, given, said = office.report(name, *period, *options, *last, str(file))
        assert (code, given) == (0, ""), said
        assert said == f"{REPORTS[name].title} as of position {position}: {file}\n"
        expected = office.ask(name, **days, position=position, format=format_.lower(), **more)
        assert file.read_bytes() == expected.content
    assert len(list(tmp_path.iterdir())) == 2
    code, given, said = office.report("movements", *period, "--explain", "--format", "json")
    assert (code, given) == (0, office.ask("movements", **days, position=position, explain="true").text)
    assert said == f"Movements as of position {position}\n"


def test_a_long_report_may_be_left_at_any_time(office: Office) -> None:
    """By `head`, and by the table, which shows the first rows alone."""
    command = [*COMMAND, "payments", *LONG, "--data", str(office.data), "--format", "csv"]
    with subprocess.Popen(command, env=ENVIRONMENT, stdout=subprocess.PIPE, stderr=subprocess.PIPE) as left:
        assert left.stdout is not None
        assert left.stderr is not None
        assert left.stdout.readline().startswith(b"businessDate,paymentId,")
        left.stdout.close()
        said = left.stderr.read().decode()
        assert (left.wait(SECONDS_MAX), said[:24]) == (0, "Payments as of position ")
    code, given, said = office.report("payments", *LONG)
    assert code == 0, said
    assert f"Only the first {SHOWN_ROWS_MAX:,} rows are shown; --output FILE.csv has all." in said
    assert len(given.splitlines()) == SHOWN_ROWS_MAX + 2


def test_a_file_that_cannot_be_written_whole_is_not_there(office: Office, tmp_path: Path) -> None:
    def limit() -> None:
        resource.setrlimit(resource.RLIMIT_FSIZE, (TOO_LARGE, TOO_LARGE))

    file = tmp_path / "payments.json"
    file.write_text("the older one")
    command = [*COMMAND, "payments", *LONG, "--data", str(office.data), "--output", str(file)]
    done = subprocess.run(command, env=ENVIRONMENT, capture_output=True, text=True, preexec_fn=limit, check=False)
    assert (done.returncode, done.stdout) == (1, "")
    assert done.stderr == f"folio: {file} cannot be written: File too large.\n"
    code, _, said = office.report("payments", *LONG, "--output", str(tmp_path / "none" / "payments.csv"))
    assert code == 1
    assert "payments.csv cannot be written: No such file or directory." in said
    assert (file.read_text(), list(tmp_path.iterdir())) == ("the older one", [file])


def test_a_file_is_there_whole_or_as_it_was_and_a_pipe_stays_a_pipe(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    file, link, pipe = tmp_path / "new.csv", tmp_path / "link.csv", tmp_path / "pipe.csv"
    link.symlink_to(file)
    with contextlib.suppress(KeyboardInterrupt), written_to(file) as half:
        half.write(b"half")
        raise KeyboardInterrupt
    assert list(tmp_path.iterdir()) == [link]
    with written_to(link) as whole:
        whole.write(b"whole")
    assert (link.is_symlink(), file.read_bytes()) == (True, b"whole")
    usual = tmp_path / "usual"
    usual.touch()
    assert file.stat().st_mode == usual.stat().st_mode
    os.mkfifo(pipe)
    with pytest.raises(typer.Exit), written_to(pipe):
        raise AssertionError("it is refused before")
    assert pipe.is_fifo()
    assert "pipe.csv is no file." in capsys.readouterr().err


def test_a_position_that_is_still_to_come_ends_with_status_2(office: Office) -> None:
    code, _, said = office.report("revenue", *HOUSE, "--position", "1000000")
    assert code == 2
    assert "--position" in said
    assert "The log has not come to the position 1000000 yet" in " ".join(said.replace("│", " ").split())


def test_a_folio_that_the_accommodation_does_not_have_ends_with_status_2(office: Office) -> None:
    for folio in ("G-1", "NOBODY"):
        code, given, said = office.report("outstanding", *HOUSE, "--folio", folio)
        assert (code, given) == (2, "")
        assert "--folio" in said
        assert f"There is no folio {folio} at HOTEL-1." in " ".join(said.replace("│", " ").split())


WRONG: list[tuple[tuple[str, ...], str, str]] = [
    (("revenue",), "--accommodation", "Name the accommodation."),
    (("revenue", "--accommodation", "H 1"), "--accommodation", "must be up to 64 of"),
    (("takings",), "NAME", "There is no report 'takings'; there are activity, "),
    (("takings", *HOUSE), "NAME", "There is no report 'takings'; there are activity, "),
    (("revenue", *HOUSE, "--from", "yesterday"), "--from", "from must be a day, as 2026-11-30."),
    (("revenue", *HOUSE, "--to", "2026-02-30"), "--to", "to is no day that exists."),
    (("revenue", *HOUSE, "--from", "2026-11-22", "--to", "2026-11-21"), "--to", "The period is reversed"),
    (("revenue", *HOUSE, "--from", "2020-11-22", "--to", "2026-11-21"), "--to", "over 5 years"),
    (("revenue", *HOUSE, "--group-by", "method"), "--group-by", "is one of: day; concerned; folio; total."),
    (("revenue", *HOUSE, "--folio", "F 1"), "--folio", "folioId must be up to 64 of"),
    (("revenue", *HOUSE, "--position", "-1"), "--position", "is a position of the log"),
    (("revenue", *HOUSE, "--bom"), "--bom", "bom goes with format=csv only."),
    (("revenue", *HOUSE, "--format", "xlsx"), "--format", "is one of: json; csv; parquet."),
    (("revenue", *HOUSE, "--format", "png"), "--format", "is one of: json; csv; parquet."),
    (("revenue", *HOUSE, "--output", "report"), "--output", "end with one of json, csv, parquet, svg, png"),
    (("revenue", *HOUSE, "--output", "report.xlsx"), "--output", "end with one of json, csv, parquet, svg, png"),
    (("revenue", *HOUSE, "--output", "x.csv", "--format", "table"), "--output", "or name one with --format"),
    (("revenue", *HOUSE, "--chart", "out.png"), "--chart", "is one of: json; csv; parquet."),
    (("outstanding", *HOUSE, "--chart", "out.jpg"), "--chart", "must end with .png or .svg."),
    (("outstanding", *HOUSE, "--chart", "out.png", "--format", "svg"), "--chart", "A chart goes alone"),
    (("outstanding", *HOUSE, "--chart", "out.png", "--output", "a.csv"), "--chart", "A chart goes alone"),
    (("outstanding", *HOUSE, "--chart", "out.png", "--explain"), "--explain", "A picture explains nothing"),
    (("outstanding", *HOUSE, "--chart", "out.png", "--group-by", "bill"), "--group-by", "as png is one of: total."),
]


def test_wrong_options_end_with_status_2_and_are_named(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("COLUMNS", "300")
    for arguments, option, said in WRONG:
        done = CliRunner().invoke(app, ["report", *arguments])
        assert done.exit_code == 2, (arguments, done.output)
        assert f"Invalid value for {option}" in done.output, arguments
        assert said in done.output, arguments
    assert list(tmp_path.iterdir()) == []


def test_a_folder_or_database_without_a_ledger_is_told_and_stays_as_it_is(
    tmp_path: Path, postgres: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("FOLIO_DATABASE_URL", raising=False)
    (tmp_path / "empty").mkdir()

    def refused(*options: str) -> str:
        done = CliRunner().invoke(app, ["report", "revenue", *HOUSE, *options])
        assert done.exit_code == 1, done.output
        return " ".join(done.output.split())

    for name in ("none", "empty"):
        assert "There is no ledger in" in refused("--data", str(tmp_path / name))
    assert [*tmp_path.iterdir(), *(tmp_path / "empty").iterdir()] == [tmp_path / "empty"]
    with psycopg.connect(postgres, autocommit=True) as connection:
        connection.execute("DROP SCHEMA IF EXISTS ledger, read_model, collection CASCADE")
        monkeypatch.setenv("FOLIO_DATABASE_URL", postgres)
        assert refused() == "folio: There is no ledger in this database; 'folio migrate' makes one."
        assert connection.execute("SELECT to_regnamespace('ledger')").fetchone() == (None,)


def test_help_and_the_list_of_reports_fit_on_a_narrow_terminal(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("COLUMNS", "80")
    monkeypatch.setenv("TERMINAL_WIDTH", "80")
    done = CliRunner().invoke(app, ["report", "--help"])
    assert done.exit_code == 0
    assert max(map(len, done.output.splitlines())) <= 80
    for option in ("--accommodation", "--from", "--to", "--group-by", "--position", "--explain", "--format", "--bom"):
        assert option in done.output
    listed = CliRunner().invoke(app, ["report"])
    assert listed.exit_code == 0
    assert all(f"{name} " in listed.output for name in REPORTS)


def test_without_a_service_the_command_starts_the_database_for_itself(tmp_path: Path) -> None:
    data = tmp_path / "data"
    with running_server(data) as server:
        asyncio.run(_live(server))
        day = Office(server, data).day
        expected = Office(server, data).ask("revenue", **{"from": day, "to": day}).text
        server.end()
        code, given, said = report(data, "revenue", *HOUSE, "--format", "json")
        assert (code, given) == (0, expected), said
        assert attach(data) is None


@pytest.mark.skipif(soffice() is None, reason="LibreOffice (soffice) is not installed")
def test_libreoffice_opens_the_csv_of_the_service_and_a_formula_stays_a_name(office: Office, tmp_path: Path) -> None:
    told = office.ask("outstanding", to=office.day, groupBy="bill").json()
    path = tmp_path / "report.csv"
    path.write_bytes(office.ask("outstanding", to=office.day, groupBy="bill", format="csv", bom="true").content)
    header, *lines = opened(path, AS_IT_IS_WRITTEN)
    names = [column["name"] for column in told["columns"]]
    assert [cell.value for cell in header] == names
    seen = [dict(zip(names, line, strict=True)) for line in lines]
    assert [cell for line in lines for cell in line if cell.formula] == []
    assert "'" + ODD_NAME in [row["name"].value for row in seen]
    for row, expected in zip(seen, told["rows"], strict=True):
        assert row["name"].kind == "string"
        assert row["name"].value.removeprefix("'") == expected["name"]
        assert (row["balance"].kind, int(row["balance"].value)) == ("float", expected["balance"])


def test_parquet_of_the_service_is_read_by_duckdb_and_pyarrow(office: Office, tmp_path: Path) -> None:
    answer = office.ask("payments", **LONG_AGO, format="parquet")
    path = tmp_path / "payments.parquet"
    path.write_bytes(answer.content)
    table = pyarrow.parquet.read_table(io.BytesIO(answer.content))
    facts = {name.decode(): value.decode() for name, value in table.schema.metadata.items()}
    assert (facts["report"], facts["position"]) == ("payments", answer.headers["Folio-Position"])
    told: dict[str, Any] = json.loads(office.ask("payments", **LONG_AGO).content)
    assert table.column("paymentId").to_pylist() == [row["paymentId"] for row in told["rows"]]
    with duckdb.connect() as connection:
        connection.execute("SET TimeZone = 'UTC'")
        query = 'SELECT count(*), sum(net), min("businessDate")::text, bool_or(applied) FROM read_parquet(?)'
        seen = connection.execute(query, [str(path)]).fetchone()
    assert seen == (PAYMENTS, sum(row["net"] for row in told["rows"]), "1980-01-01", False)


def test_a_picture_is_well_formed_and_says_its_position(office: Office) -> None:
    answer = office.ask("daily-takings", **{"from": office.day, "to": office.day}, format="svg")
    drawn = ElementTree.fromstring(answer.content)  # noqa: S314 - the service's own
    texts = "".join(drawn.itertext())
    assert f"position {answer.headers['Folio-Position']}" in texts
    assert "HOTEL-1" in texts
