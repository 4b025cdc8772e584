"""The rows of all read models, and the same rows built again from event 0."""

import asyncio
from typing import Any

import psycopg
import pytest

from projections import building
from projections.preparing import prepare
from services.bootstrap import CODEC, READ_MODELS

Rows = dict[str, list[dict[str, Any]]]


def rows_of_all_read_models(conninfo: str) -> Rows:
    """Every column of every row, by the names of the tables and in the order of their keys."""
    with psycopg.connect(conninfo) as connection:
        return {
            model.name: [
                row
                for (row,) in connection.execute(
                    f"SELECT to_jsonb(each) FROM read_model.{model.name} AS each ORDER BY {model.columns[0]}".encode()
                )
            ]
            for model in READ_MODELS
        }


async def rebuild(conninfo: str, batch_events: int, monkeypatch: pytest.MonkeyPatch) -> Rows:
    """Forget every read model, apply the whole log in batches of so many events, and return the rows."""
    with psycopg.connect(conninfo, autocommit=True) as connection:
        connection.execute("TRUNCATE read_model.definitions, read_model.positions")
    monkeypatch.setattr(building, "BATCH_EVENTS_MAX", batch_events)
    assert await asyncio.to_thread(prepare, conninfo, READ_MODELS, CODEC) == [model.name for model in READ_MODELS]
    return rows_of_all_read_models(conninfo)
