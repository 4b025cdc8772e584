"""The schema is a file, and only ever grows: what a client relies on stays."""

import importlib.resources
from pathlib import Path
from typing import get_args

import pytest
from graphql import GraphQLSchema, build_schema, find_breaking_changes, print_schema

from services.billing.bill import Status as BillStatusName
from services.collection.payment_request import Status as RequestStatusName
from services.desk.commands import COMMANDS, Command
from services.desk.payment_requests import OPERATIONS, SYNC, request_payment_command
from services.graphql.descriptions import TOLD, TOLD_IN, arguments
from services.graphql.mutations import MUTATIONS, REST_ONLY
from services.graphql.schema import make_schema
from services.graphql.types import BillStatus, PaymentRequestStatus
from services.rest import schemas

HISTORY = Path(__file__).parent.parent / "history"
RELEASED = sorted((HISTORY / "schemas").glob("*.graphql"))


@pytest.fixture(scope="module")
def schema() -> GraphQLSchema:
    """The schema of this version."""
    return make_schema(introspection=True)._schema


def test_the_file_in_the_repository_is_the_schema() -> None:
    text = importlib.resources.files("services.graphql").joinpath("schema.graphql").read_text(encoding="utf-8")
    assert text == make_schema(introspection=True).as_str() + "\n", "run 'make schema', and look at what it changes"


@pytest.mark.parametrize("released", RELEASED, ids=lambda path: path.stem)
def test_nothing_changed_that_breaks_a_client(released: Path, schema: GraphQLSchema) -> None:
    changes = find_breaking_changes(build_schema(released.read_text(encoding="utf-8")), schema)
    assert [change.description for change in changes] == []


def test_there_is_a_schema_to_hold_this_one_against() -> None:
    assert RELEASED


@pytest.mark.parametrize("change", ["rename", "require", "retype", "remove"])
def test_a_change_that_breaks_a_client_is_noticed(change: str, schema: GraphQLSchema) -> None:
    text = print_schema(schema)
    broken = {
        "rename": text.replace("billCode: String!", "code: String!"),
        "require": text.replace("accommodationId: ID\n", "accommodationId: ID!\n"),
        "retype": text.replace("scalar Amount", "scalar Won").replace("Amount!", "Won!").replace(": Amount", ": Won"),
        "remove": text.replace("  TRANSFERRED\n", ""),
    }[change]
    assert broken != text
    assert find_breaking_changes(schema, build_schema(broken))


def test_every_argument_says_what_it_is(schema: GraphQLSchema) -> None:
    told = {(field, name): place.description for field, name, place in arguments(schema)}
    assert len(told) > 100
    assert [place for place, description in told.items() if not description] == []
    assert {*TOLD.values(), *TOLD_IN.values()} <= set(told.values()), "a line that nobody reads"


def test_what_a_body_tells_of_a_member_stands_at_the_argument(schema: GraphQLSchema) -> None:
    told = {(field, name): place.description for field, name, place in arguments(schema)}
    assert told["addBillToFolio", "accommodationId"] == "Needed for a new folio."
    assert told["transferBills", "reservationId"] == "Needed within a bill's own folio."
    assert told["PaymentInput", "paymentMethod"] == told["updatePayment", "paymentMethod"] != told["payment", "id"]
    assert told["updateBill", "expectedVersion"] != told["transferBills", "expectedVersion"]


def test_statuses_are_those_of_the_domain() -> None:
    assert [status.name for status in BillStatus] == list(get_args(BillStatusName))
    assert [status.name for status in PaymentRequestStatus] == list(get_args(RequestStatusName))


def test_every_command_is_a_mutation_or_says_why_not() -> None:
    asking = (request_payment_command(False), SYNC, *(command for command, _ in OPERATIONS))
    named = {mutation.command: mutation.name for mutation in MUTATIONS}
    assert {command.name for command in (*COMMANDS, *asking)} == named.keys() | REST_ONLY.keys()
    assert not named.keys() & REST_ONLY.keys()


@pytest.mark.parametrize(
    "command", [each for each in COMMANDS if each.name not in REST_ONLY], ids=lambda command: command.name
)
def test_a_mutation_takes_every_member_that_the_body_of_its_command_has(
    command: Command, schema: GraphQLSchema
) -> None:
    [mutation] = [each for each in MUTATIONS if each.command == command.name]
    assert schema.mutation_type is not None
    arguments = schema.mutation_type.fields[mutation.name].args
    assert {field.alias for field in command.body.model_fields.values()} <= arguments.keys()


@pytest.mark.parametrize("answer", ["Bill", "Payment", "Folio", "Accommodation", "PaymentRequest", "VirtualAccount"])
def test_a_type_has_every_member_that_rest_shows(answer: str, schema: GraphQLSchema) -> None:
    members = {field.alias for field in getattr(schemas, answer).model_fields.values()}
    assert members <= set(schema.type_map[answer].fields)  # type: ignore[attr-defined]
