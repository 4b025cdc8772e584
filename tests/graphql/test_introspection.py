"""The schema is told, and the page to try it shown, only where the setting says so."""

from collections.abc import AsyncIterator

import httpx
import pytest
from graphql import build_client_schema, get_introspection_query, print_schema

from services.bootstrap import Service, make_service
from services.graphql.schema import make_schema
from tests.conftest import ADMIN_KEY, ready_client
from tests.graphql.asking import Asking

EVERYTHING = get_introspection_query(
    descriptions=True, specified_by_url=True, directive_is_repeatable=True, schema_description=True,
    input_value_deprecation=True,
)  # fmt: skip


@pytest.fixture
async def open_client(database: str) -> AsyncIterator[httpx.AsyncClient]:
    """A client of a service that tells its schema."""
    async with make_service(database, ADMIN_KEY, introspection=True) as service, ready_client(service) as client:
        yield client


async def test_a_client_reads_the_whole_schema(open_client: httpx.AsyncClient) -> None:
    graphql = Asking(open_client)
    for query in (EVERYTHING, get_introspection_query()):
        schema = build_client_schema(await graphql.data(query))
        assert "type BillConnection" in print_schema(schema)
    assert print_schema(build_client_schema(await graphql.data(EVERYTHING))).count("\n") > 400
    assert len(make_schema(introspection=True)._schema.type_map) == len(schema.type_map)


async def test_a_browser_gets_the_page_and_all_that_it_is_made_of(open_client: httpx.AsyncClient) -> None:
    page = await open_client.get("/graphql", headers={"Authorization": ""})
    assert page.headers["Content-Type"].startswith("text/html")
    assert "http" not in page.text, "it works without the internet"
    parts = [part.split('"')[0] for part in page.text.split('="graphql/')[1:]]
    assert len(parts) == 6
    for part in parts:
        response = await open_client.get(f"/graphql/{part}")
        assert response.status_code == 200
        assert len(response.content) > 500


async def test_the_schema_many_times_over_is_too_much(open_client: httpx.AsyncClient) -> None:
    document = "{ " + " ".join(f"a{n}: __schema {{ types {{ name fields {{ name }} }} }}" for n in range(99)) + "}"
    [error] = await Asking(open_client).errors(document)
    assert "values" in error["message"]


async def test_without_the_setting_there_is_neither(graphql: Asking, service: Service) -> None:
    assert set(await graphql.codes(EVERYTHING)) == {"INVALID_PARAMETER"}
    assert set(await graphql.codes('{ __type(name: "Bill") { name } }')) == {"INVALID_PARAMETER"}
    assert await graphql.data("{ __typename }") == {"__typename": "Query"}
    assert (await graphql.client.get("/graphql")).status_code == 405
    assert (await graphql.client.get("/graphql/page.js")).status_code == 404
