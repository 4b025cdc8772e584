"""One side of a comparison: replays the log with the read models of the version that a folder holds.

Runs as a script in a process of its own, so that two versions of the same packages never meet. It comes from the
version that compares and knows of the one that it runs only these names: the read models (`name`, `columns`, `key_of`,
`apply`; `take` of those that need business days) and the codec (`to_domain_event`) that `Order` names, and the calendar
(`learn`, `day_of`) of those days. So nothing of this project is imported at its top. What
both versions depend on is what is installed here.

It takes an order as a line of JSON, answers with the read models that it has, takes the names of those to fold, and
then gives one line for each folio, in an order that both sides share, and `END` after the last one.
"""

import gc
import importlib
import importlib.util
import os
import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from itertools import groupby
from operator import itemgetter
from pathlib import Path
from typing import Any, BinaryIO

import msgspec
import psycopg
from eventsourcing.persistence import StoredEvent

CONNECTION_NAME = "folio shadow"
FETCHED_EVENTS = 2_000
COLLECTED_OBJECTS = 200_000
END = b"end\n"

SET_UP = ("SET LOCAL work_mem = '64MB'", "SET LOCAL cursor_tuple_fraction = 1")
"""All rows are wanted in the end, so what brings the first ones quickly does not pay."""
SELECT_BY_FOLIO = """
    SELECT coalesce(convert_from(state, 'UTF8')::json ->> 'folio_id', originator_id) COLLATE "C" AS folio,
           notification_id, originator_id, originator_version, topic, state
      FROM ledger.events WHERE notification_id <= %(until)s ORDER BY folio, notification_id
"""
"""All the events of a row are of one folio, or of one stream that has none."""


SELECT_ACCOMMODATIONS = """
    SELECT notification_id, originator_id, originator_version, topic, state FROM ledger.events
     WHERE topic LIKE 'accommodation.%%' AND notification_id <= %(until)s ORDER BY notification_id
"""
CALENDAR = "projections.calendar"


class Order(msgspec.Struct):
    """What is to be replayed: the log up to a position, with the code in `folder`, where `module` has the names."""

    folder: str
    module: str
    read_models: str
    codec: str
    conninfo: str
    until: int


class Offer(msgspec.Struct):
    """The read models with their columns; or, in a sentence, why this version cannot be replayed."""

    read_models: dict[str, list[str]] = {}
    cannot: str | None = None


class Failure(msgspec.Struct):
    """An event that could not be read or applied, and why."""

    position: int
    topic: str
    reason: str


class Folded(msgspec.Struct):
    """A folio, or a stream that has none: its rows by read model and key.

    Nothing is applied after an event that nobody can read (`unreadable`), nor to a read model after one that it
    could not take: so does the service.
    """

    folio: str
    events: int = 0
    rows: dict[str, dict[str, dict[str, Any]]] = {}
    failures: dict[str, Failure] = {}
    unreadable: Failure | None = None


class CannotReplay(Exception):
    """Why this version cannot be replayed."""


def fold(folio: str, models: Sequence[Any], codec: Any, calendar: Any, events: Iterator[Sequence[Any]]) -> Folded:
    """The rows that these events of one folio make: position, stream, version, topic and state of each."""
    folded = Folded(folio)
    rows: dict[str, dict[str, Any]] = {model.name: {} for model in models}
    newest: dict[str, dict[str, Any]] = {model.name: {} for model in models}
    for position, stream, version, topic, state in events:
        folded.events += 1
        if folded.unreadable is not None:
            continue
        try:
            event = codec.to_domain_event(StoredEvent(stream, version, topic, state))
        except Exception as error:
            folded.unreadable = Failure(position, topic, _told(error))
            continue
        for model in models:
            if model.name not in folded.failures:
                try:
                    if getattr(model, "needs_days", False):
                        _take(model, rows[model.name], newest[model.name], event, position, calendar)
                    else:
                        _apply(model, rows[model.name], event, position)
                except Exception as error:
                    folded.failures[model.name] = Failure(position, topic, _told(error))
    folded.rows = {
        model.name: {
            key: {column: row.get(column) for column in model.columns} for key, row in rows[model.name].items()
        }
        for model in models
        if rows[model.name]
    }
    return folded


def _apply(model: Any, rows: dict[str, Any], event: Any, position: int) -> None:
    key = model.key_of(event)
    if key is not None:
        rows[key] = model.apply(rows.get(key), event, position)


def _take(model: Any, rows: dict[str, Any], newest: dict[str, Any], event: Any, position: int, calendar: Any) -> None:
    """Into rows of their own, made from the newest ones of their keys and the business day."""
    key = model.key_of(event)
    if key is not None:
        row = newest.get(key)
        taken = model.take(row, event, position, calendar.day_of(event, row, position))
        newest[key] = taken[-1]
        rows.update({str(each[model.columns[0]]): each for each in taken})


def _told(error: BaseException) -> str:
    text = str(error).strip().split("\n")[0]
    return f"{type(error).__name__}: {text}" if text else type(error).__name__


@contextmanager
def reading_connection(conninfo: str) -> Iterator[psycopg.Connection]:
    """A connection in one transaction that may change nothing. Raises psycopg.Error."""
    # Opened here, as another version may not know how, and read-only whatever the login may do.
    with psycopg.connect(conninfo, application_name=CONNECTION_NAME) as connection:  # noqa: TID251
        connection.read_only = True
        yield connection


def replay(order: Order, models: Sequence[Any], codec: Any) -> Iterator[Folded]:
    """The log folio by folio, which PostgreSQL sorts. Raises psycopg.Error."""
    with reading_connection(order.conninfo) as connection:
        for statement in SET_UP:
            connection.execute(statement.encode())
        calendar = _calendar(connection, order, models)
        with connection.cursor(name="shadow", binary=True) as cursor:
            cursor.itersize = FETCHED_EVENTS
            cursor.execute(SELECT_BY_FOLIO.encode(), {"until": order.until})
            for folio, events in groupby(cursor, key=itemgetter(0)):
                yield fold(folio, models, codec, calendar, (event[1:] for event in events))


def _calendar(connection: psycopg.Connection, order: Order, models: Sequence[Any]) -> Any:
    """The business days of all accommodations as this version knows them, None when its read models need none."""
    if not any(getattr(model, "needs_days", False) for model in models):
        return None
    calendar = importlib.import_module(CALENDAR).Calendar()
    for position, *stored in connection.execute(SELECT_ACCOMMODATIONS.encode(), {"until": order.until}, binary=True):
        calendar.learn(position, StoredEvent(*stored))
    return calendar


def load(order: Order) -> tuple[Sequence[Any], Any]:
    """The read models and the codec of the version in the folder. Raises CannotReplay."""
    sys.path.insert(0, order.folder)
    try:
        if not _is_in(order.folder, order.module):
            raise CannotReplay(f"it has no {order.module}")
        module = importlib.import_module(order.module)
    except CannotReplay:
        raise
    except Exception as error:
        raise CannotReplay(f"its {order.module} cannot be loaded: {_told(error)}") from error
    missing = [name for name in (order.read_models, order.codec) if not hasattr(module, name)]
    if missing:
        raise CannotReplay(f"its {order.module} has no {' and no '.join(missing)}, which a replay needs")
    return getattr(module, order.read_models), getattr(module, order.codec)


def _is_in(folder: str, module: str) -> bool:
    """Whether the folder has the module; where it has not, the version that is installed would be found."""
    found = importlib.util.find_spec(module)
    return found is not None and Path(found.origin or "").resolve().is_relative_to(Path(folder).resolve())


def serve(orders: BinaryIO, answers: BinaryIO) -> None:
    """Replay as ordered. Raises psycopg.Error."""
    order = msgspec.json.decode(orders.readline(), type=Order)
    try:
        models, codec = load(order)
        offer = Offer({model.name: list(model.columns) for model in models})
    except (CannotReplay, AttributeError, TypeError) as error:
        offer = Offer(cannot=str(error))
    _send(answers, offer)
    answers.flush()
    wanted = orders.readline()
    if not wanted:
        return
    names = msgspec.json.decode(wanted, type=list[str])
    chosen = [model for name in names for model in models if model.name == name]
    gc.set_threshold(COLLECTED_OBJECTS)  # events and rows hold no cycles, and there are very many of them
    for folded in replay(order, chosen, codec):
        _send(answers, folded)
    answers.write(END)
    answers.flush()


def _send(answers: BinaryIO, what: Offer | Folded) -> None:
    answers.write(msgspec.json.encode(what, enc_hook=str) + b"\n")


def main() -> None:
    """Serve on standard input and output; whatever the version prints goes to standard error."""
    with os.fdopen(os.dup(1), "wb", buffering=1 << 20) as answers:
        os.dup2(2, 1)
        try:
            serve(sys.stdin.buffer, answers)
        except psycopg.Error as error:
            sys.exit(f"the log cannot be read: {_told(error)}")


if __name__ == "__main__":
    main()
