"""Views for BI tools while the tables below them are built anew, by this version of the service and by others."""

import asyncio
import threading
from collections.abc import AsyncIterator, Iterator
from dataclasses import replace
from typing import Any

import psycopg
import pytest

from projections.bills import BILLS
from projections.building import Progress
from projections.folding import move, read_batch
from projections.place import SERVING
from projections.preparing import prepare
from projections.read_model import ReadModel
from projections.rebuild import rebuild
from projections.reporting import standing
from projections.reporting.columns import FOLIO
from projections.reporting.view import AMOUNT, TEXT, Column, View
from projections.reporting.views import VIEWS
from services.bootstrap import CODEC, READ_MODELS
from tests.projections.books import SECONDS_MAX, Books, open_books
from tests.store.clusters import Cluster, ask

MADE = """
    SELECT relname, pg_class.oid, encode(digest, 'hex') FROM pg_class
      LEFT JOIN read_model.definitions ON name = 'reporting.' || relname
     WHERE relnamespace = 'reporting'::regnamespace ORDER BY relname
"""
OF_MODELS = "SELECT name, encode(digest, 'hex') FROM read_model.definitions WHERE name !~ '^reporting' ORDER BY name"
SUMS = "SELECT count(*), sum(total_amount) FROM reporting.bills"
EVENTS_MAX = 100


def titled_apply(row: dict[str, Any] | None, event: Any, position: int) -> dict[str, Any]:
    """What another version keeps of a bill, under another name."""
    if row is not None:
        row["name"] = row.pop("title")
    row = BILLS.apply(row, event, position)
    row["title"] = row.pop("name")
    return row


TITLED = replace(
    BILLS,
    version=2,
    definition=BILLS.definition.replace(" name  ", " title "),
    columns=tuple("title" if name == "name" else name for name in BILLS.columns),
    apply=titled_apply,
)
"""Bills as another version keeps them."""


@pytest.fixture
async def books(database: str) -> AsyncIterator[Books]:
    """The ledger with two bills, which the read models show."""
    async with open_books(database) as opened:
        for _ in range(2):
            await opened.add_bill()
        async with await psycopg.AsyncConnection.connect(database, autocommit=True) as connection:
            await move(connection, SERVING, READ_MODELS, lambda after: read_batch(CODEC, connection, after, EVENTS_MAX))
        yield opened


@pytest.fixture
def tool(database: str) -> Iterator[str]:
    """The address of a BI tool's login."""
    cluster = Cluster(database)
    with cluster.login("hotel_bi", "IN ROLE folio_reporting") as name:
        yield cluster.address(name, "folio")


def these(monkeypatch: pytest.MonkeyPatch, *changed: View) -> None:
    """Let this version of the service have these views instead of those of the same names."""
    names = {view.name for view in changed}
    monkeypatch.setattr(standing, "VIEWS", (*(view for view in VIEWS if view.name not in names), *changed))


def view(name: str) -> View:
    [found] = [each for each in VIEWS if each.name == name]
    return found


class Readers:
    """Tools that read one view each, again and again, until something goes wrong or they are told to stop."""

    def __init__(self, conninfo: str, queries: dict[str, list[tuple[Any, ...]]]) -> None:
        self.read = dict.fromkeys(queries, 0)
        self.wrong: list[object] = []
        self._stop = threading.Event()
        self._threads = [threading.Thread(target=self._run, args=(conninfo, *each)) for each in queries.items()]

    def __enter__(self) -> "Readers":
        for thread in self._threads:
            thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._stop.set()
        for thread in self._threads:
            thread.join(SECONDS_MAX)

    def _run(self, conninfo: str, query: str, rows: list[tuple[Any, ...]]) -> None:
        with psycopg.connect(conninfo, autocommit=True) as connection:
            while not self._stop.is_set() and not self.wrong:
                try:
                    found = connection.execute(query.encode()).fetchall()
                except psycopg.Error as error:
                    found = [(repr(error),)]
                if found != rows:
                    self.wrong.append((query, found))
                self.read[query] += 1


async def test_tools_that_read_while_tables_are_swapped_see_every_row_and_no_error(
    database: str, books: Books, tool: str
) -> None:
    assert await books.store.position() > 0
    before = ask(database, MADE)
    queries: dict[str, list[tuple[Any, ...]]] = {
        SUMS: [(2, 200)],
        "SELECT count(*), min(currency) FROM reporting.bill_entries": [(2, "KRW")],
        "SELECT sum(balance_effect) FROM reporting.bill_entries JOIN reporting.folios USING (folio_id)": [(200,)],
        "SELECT count(*) FROM reporting.folios JOIN reporting.bills USING (folio_id, business_date)": [(2,)],
    }
    with Readers(tool, queries) as readers:
        for _ in range(3):
            await rebuild(database, READ_MODELS, CODEC, Progress())
    assert readers.wrong == []
    assert min(readers.read.values()) > 3
    assert ask(database, MADE) == before


async def test_what_others_have_built_on_a_view_stays_and_shows_the_new_rows(database: str, books: Books) -> None:
    ask(database, "DROP SCHEMA IF EXISTS bi CASCADE", "CREATE SCHEMA bi", f"CREATE VIEW bi.sums AS {SUMS}")
    try:
        ask(database, "GRANT USAGE ON SCHEMA bi TO folio_service")
        await books.add_bill()
        await rebuild(database, [BILLS], CODEC, Progress())
        assert ask(database, "TABLE bi.sums") == [(3, 300)]
    finally:
        ask(database, "DROP SCHEMA bi CASCADE")


async def test_a_swap_waits_until_a_tool_has_read(database: str, books: Books, tool: str) -> None:
    class Told(Progress):
        """Lets the tool end when the swap says that it waits."""

        def says(self, message: str) -> None:
            """End the reading."""
            if "under way" in message:
                reading.rollback()

    await books.add_bill()
    with psycopg.connect(tool) as reading:
        reading.execute(SUMS.encode())
        await rebuild(database, [BILLS], CODEC, Told())
        assert reading.execute(SUMS.encode()).fetchall() == [(3, 300)]


async def test_a_view_of_another_version_stays_as_that_version_made_it(database: str, books: Books) -> None:
    assert books
    bills = view("bills")
    other = [replace(each, source="upper(bill.name)") if each.name == "name" else each for each in bills.columns]
    newer = replace(bills, columns=(*other, Column("half", AMOUNT, "Half", "bill.total_amount / 2")))
    changed = replace(view("folios"), columns=[replace(FOLIO, source="'F'"), *view("folios").columns[1:]])
    for each in (newer, changed):
        ask(database, "SET ROLE folio_service", f"CREATE OR REPLACE VIEW {each.full_name} AS {each.query}")
    await rebuild(database, READ_MODELS, CODEC, Progress())
    assert ask(database, "SELECT name, sum(half) FROM reporting.bills GROUP BY name") == [("ROOM", 100)]
    assert ask(database, "SELECT folio_id FROM reporting.folios") == [("F",)]


async def test_a_table_defined_otherwise_leads_its_views_to_this_versions_text(
    database: str, books: Books, tool: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert books
    bills = view("bills")
    columns = [replace(each, source="bill.title") if each.name == "name" else each for each in bills.columns]
    ask(database, "SET ROLE folio_service", "CREATE VIEW reporting.names AS SELECT name FROM read_model.bills")
    before = {name: oid for name, oid, _ in ask(database, MADE)}
    these(monkeypatch, replace(bills, columns=columns))
    newer: list[ReadModel] = [TITLED if each is BILLS else each for each in READ_MODELS]
    with Readers(tool, {"SELECT DISTINCT name, total_amount FROM reporting.bills": [("Room", 100)]}) as readers:
        assert await asyncio.to_thread(prepare, database, newer, CODEC) == ["bills"]
    assert readers.wrong == []
    after = {name: oid for name, oid, _ in ask(database, MADE)}
    assert before.keys() - after.keys() == {"names"}, "of this one nobody knows how it could go on"
    assert after.items() <= before.items()


async def test_a_changed_view_is_made_anew_at_the_next_start_and_nothing_else_is(
    database: str, books: Books, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert books
    models, before = ask(database, OF_MODELS), ask(database, MADE)
    folios = view("folios")
    these(monkeypatch, replace(folios, meaning="Otherwise.", columns=(*folios.columns, Column("x", TEXT, "X", "'x'"))))
    assert await asyncio.to_thread(prepare, database, READ_MODELS, CODEC) == []
    assert ask(database, "SELECT DISTINCT x FROM reporting.folios") == [("x",)]
    assert ask(database, "SELECT obj_description('reporting.folios'::regclass)") == [("Otherwise.",)]
    changed = set(ask(database, MADE)) - set(before)
    assert {(name, oid) for name, oid, _ in changed} == {(n, oid) for n, oid, _ in before if n == "folios"}
    assert ask(database, OF_MODELS) == models


async def test_a_view_that_loses_a_column_is_made_anew_too(
    database: str, books: Books, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert books
    folios = view("folios")
    these(monkeypatch, replace(folios, columns=folios.columns[:2]))
    await asyncio.to_thread(prepare, database, READ_MODELS, CODEC)
    assert len(ask(database, "TABLE reporting.folios")[0]) == 2


async def test_missing_views_are_made_at_the_next_start_and_then_left_alone(database: str, books: Books) -> None:
    ask(database, "DROP VIEW reporting.bills, reporting.closed_days")
    await asyncio.gather(*(asyncio.to_thread(prepare, database, READ_MODELS, CODEC) for _ in range(3)))
    assert ask(database, SUMS) == [(2, 200)]
    before = ask(database, MADE)
    assert all(digest for _, _, digest in before)
    async with await psycopg.AsyncConnection.connect(database, autocommit=True) as connection:
        assert await standing.make_views(connection, READ_MODELS) == []
    assert ask(database, MADE) == before
    assert await books.store.position() > 0


@pytest.mark.parametrize(
    ("hold", "said"),
    [
        (("BEGIN", SUMS), "lock timeout"),
        (("CREATE VIEW public.on_it AS SELECT deleted_at FROM reporting.bills", "BEGIN"), "other objects depend on it"),
    ],
    ids=["it is read all the time", "others need what it would lose"],
)
async def test_a_view_that_cannot_be_made_anew_keeps_nobody_from_starting(
    database: str,
    books: Books,
    monkeypatch: pytest.MonkeyPatch,
    caplog: pytest.LogCaptureFixture,
    hold: tuple[str, ...],
    said: str,
) -> None:
    assert books
    monkeypatch.setattr(standing, "ATTEMPTS_SECONDS", (0.01, 0.02))
    bills = view("bills")
    these(monkeypatch, replace(bills, columns=bills.columns[:-2]))
    with psycopg.connect(database, autocommit=True) as connection:
        try:
            for statement in hold:
                connection.execute(statement.encode())
            assert await asyncio.to_thread(prepare, database, READ_MODELS, CODEC) == []
            assert "the view reporting.bills stays as it was until the next start: " in caplog.text
            assert said in caplog.text
        finally:
            connection.execute("ROLLBACK")
            connection.execute("DROP VIEW IF EXISTS public.on_it")
    assert ask(database, SUMS) == [(2, 200)]
    await asyncio.to_thread(prepare, database, READ_MODELS, CODEC)
    assert (
        "version"
        not in ask(
            database,
            "SELECT string_agg(attname, ' ') FROM pg_attribute"
            " WHERE attrelid = 'reporting.bills'::regclass AND attnum > 0",
        )[0][0]
    )


async def test_on_an_empty_log_a_newer_version_finds_its_tables_and_views(database: str, tool: str) -> None:
    newer = [replace(model, version=model.version + 1) for model in READ_MODELS]
    names = [model.name for model in READ_MODELS]
    assert await asyncio.to_thread(prepare, database, newer, CODEC) == names
    for each in VIEWS:
        assert ask(tool, f"TABLE {each.full_name}") == []
    async with open_books(database) as books:
        await books.add_bill()
    assert await rebuild(database, newer, CODEC, Progress()) == dict.fromkeys(names, 3)
    assert ask(tool, SUMS) == [(1, 100)]
