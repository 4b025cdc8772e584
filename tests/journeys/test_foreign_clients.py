"""Foreign GraphQL clients run every operation of the running service: gql, and graphql-request with graphql-ws."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest
from gql import Client, GraphQLRequest
from gql.transport.exceptions import TransportQueryError
from gql.transport.httpx import HTTPXAsyncTransport
from gql.transport.websockets import WebsocketsTransport
from graphql import GraphQLError, lexicographic_sort_schema, print_schema

from tests.conftest import empty_ledger
from tests.faults.server import ADMIN_KEY, HEADERS, Server, running_server
from tests.journeys.foreign import gql_client, node_client
from tests.journeys.foreign.journey import DOCUMENTS, FOLDER, PAGE_FORM, STEPS, Line, Step, compared, filled, house
from tests.journeys.foreign.words import SCHEMA, called, operations
from tests.journeys.sandbox import Sandbox, running_sandbox

OWN_WORDS = [step for step in STEPS if step.document != PAGE_FORM]


@pytest.fixture(scope="module")
def sandbox() -> Iterator[Sandbox]:
    """The payment provider of both services."""
    with running_sandbox() as running:
        yield running


@pytest.fixture(scope="module")
def ledger(postgres: str) -> str:
    """The one ledger of both services; every client has a house of its own there."""
    empty_ledger(postgres)
    return postgres


@contextmanager
def running_without_error(data: Path, settings: Mapping[str, str], ledger: str) -> Iterator[Server]:
    """A service that has nothing to complain of until its end."""
    with running_server(data, settings, ledger) as running:
        yield running
    log = running.log.read_text()
    assert '"level": "error"' not in log
    assert "Traceback" not in log


@pytest.fixture(scope="module")
def server(sandbox: Sandbox, ledger: str, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    """A service as it is by default."""
    with running_without_error(tmp_path_factory.mktemp("default") / "data", sandbox.settings, ledger) as running:
        yield running


@pytest.fixture(scope="module")
def open_server(sandbox: Sandbox, ledger: str, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    """A service that tells its schema."""
    settings = {**sandbox.settings, "FOLIO_GRAPHQL_INTROSPECTION": "true"}
    with running_without_error(tmp_path_factory.mktemp("open") / "data", settings, ledger) as running:
        yield running


def over_http(server: Server, *, fetch_schema: bool = False) -> Client:
    """A client over gql's httpx transport; with the schema it validates every document before it is sent."""
    transport = HTTPXAsyncTransport(f"{server.address}/graphql", headers=HEADERS)
    asked = {"specified_by_url": True}
    return Client(transport=transport, fetch_schema_from_transport=fetch_schema, introspection_args=asked)


def over_websocket(server: Server) -> Client:
    """A client over gql's WebSocket transport."""
    address = server.address.replace("http", "ws", 1)
    protocols = [WebsocketsTransport.GRAPHQLWS_SUBPROTOCOL]
    return Client(transport=WebsocketsTransport(f"{address}/graphql", headers=HEADERS, subprotocols=protocols))


def check(lines: Sequence[Line], made_house: dict[str, str], steps: Sequence[Step] = STEPS) -> None:
    """Every step was answered as it says, and no operation of the schema was left out."""
    sent = [step for step in steps if step.guest_pays is None]
    known: dict[str, Any] = {"house": made_house}
    answered: set[str] = set()
    for step, line in zip(sent, lines, strict=False):
        assert (line["says"], line.get("refused")) == (step.says, step.refused), line
        if step.named is not None:
            known[step.named] = line["answers"]
        if step.refused is None:
            expected = filled(step.answers, known)
            assert compared(line["answers"], expected) == expected, step.says
            answered.add(called(step.document)[0])
    assert len(lines) == len(sent)
    assert answered == operations().keys()


def test_every_operation_has_a_document_that_gives_each_of_its_arguments() -> None:
    assert dict(called(name) for name in DOCUMENTS if name != PAGE_FORM) == operations()


async def test_gql_fetches_the_schema_that_is_published_and_finds_every_document_right(open_server: Server) -> None:
    async with over_http(open_server, fetch_schema=True) as session:
        client = session.client
    assert client.schema is not None
    fetched, published = (print_schema(lexicographic_sort_schema(schema)) for schema in (client.schema, SCHEMA))
    assert fetched == published
    for name in DOCUMENTS.keys() - {PAGE_FORM}:
        client.validate(GraphQLRequest(DOCUMENTS[name]))
    with pytest.raises(GraphQLError, match="Cannot query field 'nodes' on type 'Bill'"):
        client.validate(GraphQLRequest(DOCUMENTS[PAGE_FORM]))


async def test_gql_runs_every_operation_and_validates_it_first(open_server: Server) -> None:
    async with over_http(open_server, fetch_schema=True) as asking, over_websocket(open_server) as following:
        lines = await gql_client.travel(asking, following, house("GQL"), OWN_WORDS)
    check(lines, house("GQL"), OWN_WORDS)


@pytest.mark.parametrize("transport", [over_http, over_websocket])
async def test_gql_runs_every_operation_without_knowing_the_schema(
    server: Server, transport: Callable[[Server], Client]
) -> None:
    hotel = house(transport.__name__)
    async with transport(server) as asking, over_websocket(server) as following:
        lines = await gql_client.travel(asking, following, hotel, STEPS)
    check(lines, hotel)


@pytest.mark.parametrize("transport", [over_http, over_websocket])
async def test_the_schema_is_told_to_nobody_by_default(server: Server, transport: Callable[[Server], Client]) -> None:
    async with transport(server) as session:
        with pytest.raises(TransportQueryError) as refused:
            await session.fetch_schema()
    assert {error["extensions"]["code"] for error in refused.value.errors or ()} == {"INVALID_PARAMETER"}


def test_graphql_request_and_graphql_ws_run_every_operation(server: Server, tmp_path: Path) -> None:
    program = node_client.install(tmp_path)
    lines = node_client.travel(program, server.address, ADMIN_KEY, house("NODE"))
    check(lines, house("NODE"))


def test_the_packages_of_the_program_are_pinned_without_an_address() -> None:
    pinned = (FOLDER / "package-lock.json").read_text()
    assert '"integrity"' in pinned
    assert "://" not in pinned
    assert "resolved" not in pinned
