"""The mutations: one table, a line each, over the commands that REST has too."""

import inspect
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from typing import Any, get_origin

import msgspec
import strawberry
from pydantic.alias_generators import to_camel
from strawberry import ID, UNSET
from strawberry.tools import create_type
from strawberry.types.field import StrawberryField

from services.access import COMMAND_ROLES, Caller
from services.desk.commands import COMMANDS, Command
from services.desk.desk import Call, Key
from services.desk.outcomes import Outcome
from services.desk.parsing import parse
from services.desk.payment_requests import OPERATIONS, SYNC, request_payment_command
from services.desk.problems import Fault, Problem, invalid
from services.desk.requests import check_id, context_of
from services.graphql.arguments import argument, arguments_of, members_of
from services.graphql.session import KEY_CODES, Info, Session
from services.graphql.types import Accommodation, Bill, Payment, PaymentRequest

DESCRIPTION = (
    "What can be done, each mutation as a whole or not at all. With the header Idempotency-Key a document may be sent"
    " again: what it did is not done twice."
)
EXPECTED_VERSION = "The version that you have seen: VERSION_MISMATCH when it is another by now."
COMMAND_OF_NAME = {
    command.name: command
    for command in (*COMMANDS, request_payment_command(False), *(command for command, _ in OPERATIONS), SYNC)
}


@dataclass(frozen=True)
class Mutation:
    """A mutation: the command that it asks for, the argument that names the thing, what it answers."""

    name: str
    command: str
    id_argument: str | None
    answer: Any
    versioned: bool = True
    """Whether it changes something that may have been changed meanwhile."""


# fmt: off
MUTATIONS = (
    Mutation("addBillToFolio", "add_bill", "folio_id", Bill, versioned=False),
    Mutation("updateBill", "update_bill", "id", Bill),
    Mutation("cancelBill", "cancel_bill", "id", Bill),
    Mutation("deleteBill", "delete_bill", "id", bool),
    Mutation("transferBills", "transfer_bills", None, list[Bill]),
    Mutation("addPaymentToBill", "add_payment", "bill_id", Payment),
    Mutation("updatePayment", "update_payment", "id", Payment),
    Mutation("cancelPayment", "cancel_payment", "id", Payment),
    Mutation("deletePayment", "delete_payment", "id", bool),
    Mutation("settleBills", "settle_bills", "bill_id", Bill),
    Mutation("configureAccommodation", "configure_accommodation", "id", Accommodation),
    Mutation("requestPayment", "request_payment", "bill_id", PaymentRequest),
    Mutation("resendPaymentRequest", "resend_payment_request", "id", PaymentRequest),
    Mutation("destroyPaymentRequest", "destroy_payment_request", "id", PaymentRequest),
    Mutation("refundPaymentRequest", "refund_payment_request", "id", PaymentRequest),
    Mutation("syncPaymentRequest", "sync_payment_request", "id", PaymentRequest),
)
# fmt: on
REST_ONLY = {
    "forget_guest": "an act of an administrator, done at the command line or by one call of REST",
    "close_day": "an act of the night audit, done by one call of REST for each day",
}
"""Commands that are no mutations, and why."""


def mutation_type() -> type:
    """The type of all mutations."""
    return create_type("Mutation", [_field(mutation) for mutation in MUTATIONS], description=DESCRIPTION)


def _field(mutation: Mutation) -> StrawberryField:
    command = COMMAND_OF_NAME[mutation.command]

    async def resolve(info: Info, **given: Any) -> Any:
        id_ = given.pop(mutation.id_argument) if mutation.id_argument else ""
        caller = await info.context.caller(COMMAND_ROLES)
        key = await info.context.key_of_mutation(info.operation, caller)
        return await _carry_out(info.context, mutation, _Asked(command, id_, given, caller, key))

    named = [argument(mutation.id_argument, ID)] if mutation.id_argument else []
    optional_last = sorted(arguments_of(command.body), key=lambda each: each.default is not inspect.Parameter.empty)
    expected = [argument("expected_version", int | None, UNSET, EXPECTED_VERSION)] if mutation.versioned else []
    info = inspect.Parameter("info", inspect.Parameter.POSITIONAL_OR_KEYWORD, annotation=Info)
    resolve.__signature__ = inspect.Signature([info, *named, *optional_last, *expected])  # type: ignore[attr-defined]
    resolve.__name__ = mutation.name
    made: Callable[..., StrawberryField] = strawberry.mutation
    return made(
        resolver=resolve, name=mutation.name, graphql_type=mutation.answer | None, description=f"{command.summary}."
    )


@dataclass(frozen=True)
class _Asked:
    """A command as a document asks for it."""

    command: Command
    id: str
    given: dict[str, Any]
    caller: Caller
    key: Key | None


def _call(session: Session, mutation: Mutation, asked: _Asked) -> Call:
    """The call for the desk. Raises Problem for whatever is wrong with its form."""
    command, given = asked.command, dict(asked.given)
    expected = given.pop("expected_version", UNSET)
    if isinstance(expected, int) and expected < 0:
        raise invalid("/expectedVersion", "expectedVersion is a version that you have read.")
    wrong: Sequence[Fault] = ()
    if command.id_name is not None and mutation.id_argument is not None:
        try:
            check_id(command.id_name, asked.id, to_camel(mutation.id_argument))
        except Problem as problem:
            wrong = problem.faults
    body = parse(command.body, msgspec.json.encode(members_of(given)), wrong)
    context = context_of(session.connection, asked.caller, getattr(body, "reason", None))
    context = replace(context, expected_version=None if expected is UNSET else expected)
    return Call(command, (asked.id,) if command.path_names else (), body, context, asked.key)


async def _carry_out(session: Session, mutation: Mutation, asked: _Asked) -> Any:
    call = _call(session, mutation, asked)
    runs = session.front.payment_requests if mutation.answer is PaymentRequest else session.front.desk
    try:
        outcome = await runs.run(call)
    except Problem as problem:
        if problem.code in KEY_CODES:
            session.refused = problem
        raise
    session.carried_out(outcome)
    if outcome.problem:
        names = {f"/{asked.command.id_name}": f"/{to_camel(mutation.id_argument)}"} if mutation.id_argument else {}
        faults = [Fault(**fault) for fault in outcome.body["errors"]]
        raise Problem(outcome.body["code"], outcome.body["detail"], faults).pointing(names)
    return await _answer(session, mutation, outcome)


async def _answer(session: Session, mutation: Mutation, outcome: Outcome) -> Any:
    if mutation.answer is bool:
        return True
    view = await session.shown(outcome.body)
    if mutation.answer is Accommodation:
        return {**view, "version": outcome.version}
    return view["items"] if get_origin(mutation.answer) is list else view
