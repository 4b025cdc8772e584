"""How far read models are behind: told by readiness and metrics, and told apart for each of them."""

import asyncio
from datetime import timedelta

import httpx
import psycopg
import pytest
from prometheus_client.parser import text_string_to_metric_families

from projections.lag import Lag, measure
from services.bootstrap import READ_MODELS, Service
from services.store.connection import make_pool
from tests.conftest import Desk
from tests.projections.books import caught_up

NAMES = [model.name for model in READ_MODELS]


@pytest.fixture
async def still(service: Service) -> Service:
    """A service whose read models stand still."""
    await service.runner.close()
    return service


def change(service: Service, statement: str) -> None:
    with psycopg.connect(service.conninfo, autocommit=True) as connection:
        connection.execute(statement.encode())


async def metrics(client: httpx.AsyncClient) -> dict[tuple[str, str], float]:
    """The gauges of the read models, by metric and read model."""
    answer = await client.get("/metrics")
    assert answer.status_code == 200
    return {
        (sample.name, sample.labels["read_model"]): sample.value
        for family in text_string_to_metric_families(answer.text)
        for sample in family.samples
        if "read_model" in sample.labels
    }


async def test_a_read_model_that_has_caught_up_lags_by_nothing(
    service: Service, desk: Desk, client: httpx.AsyncClient
) -> None:
    await desk.add_bill()
    head = await service.store.position()
    await caught_up(service.conninfo, head)
    ready = desk.expect(200, await client.get("/health/ready"))
    nothing = {"position": head, "lagEvents": 0, "lagSeconds": 0, "parkedEvents": 0}
    assert ready == {"status": "ready", "readModels": dict.fromkeys(NAMES, nothing)}
    told = await metrics(client)
    assert {told[f"folio_read_model_{what}", name] for what in ("lag_events", "lag_seconds") for name in NAMES} == {0}


async def test_lag_is_counted_in_events_and_since_the_oldest_one_that_is_missing(
    still: Service, desk: Desk, client: httpx.AsyncClient
) -> None:
    await desk.add_bill()
    await desk.add_bill()
    head = await still.store.position()
    change(still, f"UPDATE read_model.positions SET notification_id = {head} WHERE application_name = 'folios'")
    with psycopg.connect(still.conninfo) as connection:
        row = connection.execute("SELECT clock_timestamp() - recorded_at FROM ledger.events ORDER BY 1 DESC").fetchone()
    assert row is not None
    at_least: timedelta = row[0]
    ready = desk.expect(200, await client.get("/health/ready"))["readModels"]
    assert (ready["bills"]["position"], ready["bills"]["lagEvents"]) == (0, head)
    assert ready["bills"]["lagSeconds"] >= at_least.total_seconds()
    assert (ready["folios"]["lagEvents"], ready["folios"]["lagSeconds"]) == (0, 0)
    told = await metrics(client)
    assert (told["folio_read_model_lag_events", "bills"], told["folio_read_model_lag_events", "folios"]) == (head, 0)
    assert told["folio_read_model_lag_seconds", "bills"] >= at_least.total_seconds()


async def test_parked_events_are_counted_without_those_that_wait(
    still: Service, desk: Desk, client: httpx.AsyncClient
) -> None:
    change(
        still,
        "INSERT INTO read_model.parked (read_model, position, folio, reason)"
        " VALUES ('bills', 1, 'F', 'why'), ('bills', 2, 'F', NULL), ('bills', 3, 'G', 'why')",
    )
    ready = desk.expect(200, await client.get("/health/ready"))["readModels"]
    assert (ready["bills"]["parkedEvents"], ready["folios"]["parkedEvents"]) == (2, 0)
    assert (await metrics(client))["folio_read_model_parked_events", "bills"] == 2


async def test_metrics_are_told_while_the_database_does_not_answer(
    still: Service, desk: Desk, client: httpx.AsyncClient
) -> None:
    await desk.add_bill()
    before = await metrics(client)
    with psycopg.connect(still.conninfo) as blocking:
        blocking.execute("LOCK TABLE read_model.positions")
        assert await metrics(client) == before


async def test_a_read_model_that_was_never_made_lags_by_the_whole_log(service: Service, desk: Desk) -> None:
    await desk.add_bill()
    async with make_pool(service.conninfo, "tests") as pool, asyncio.timeout(30):
        (lag,) = (await measure(pool, ["never_made"])).values()
    assert isinstance(lag, Lag)
    assert (lag.position, lag.events) == (0, await service.store.position())
