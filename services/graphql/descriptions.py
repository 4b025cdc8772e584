"""What is told of arguments: one line for each name, as far as the body of a command does not tell it.

A name that means something else, or more, in one field has a line with that field.
"""

from collections.abc import Iterator, Mapping

from graphql import GraphQLArgument, GraphQLInputField, GraphQLInputObjectType, GraphQLObjectType, GraphQLSchema

from services.desk.pages import LIMIT_DEFAULT, LIMIT_MAX

Place = tuple[str, str, GraphQLArgument | GraphQLInputField]

TOLD: Mapping[str, str] = {
    "accommodationId": "The accommodation, as the PMS names it.",
    "accountHolder": "Who holds the account; stored encrypted.",
    "accountNumber": "The account's number; stored encrypted.",
    "actor": "Only by this PMS user, or by the key of this name.",
    "after": "The endCursor of the page before.",
    "at": "As it was known at this time; give either at or position.",
    "bankCode": "The bank's code, such as 088.",
    "billId": "The bill.",
    "billIssuer": "Who asks, as the guest sees it.",
    "bills": "The bills, all of which are moved or none.",
    "businessDayStartsAt": "The hour at which a business day begins, as 04:00.",
    "currency": "Its currency, as KRW; fixed once a bill exists.",
    "customerName": "The guest's name.",
    "effectiveAt": "What was in effect at this time; may be given beside at or position.",
    "event": "Only of this topic, such as bill.added.",
    "first": f"How many, 1 to {LIMIT_MAX}; by default {LIMIT_DEFAULT}.",
    "folioId": "The folio, as the PMS names it.",
    "from": "Only from this time on.",
    "id": "Its id.",
    "member": "The member at the provider.",
    "merchant": "The merchant at the provider.",
    "message": "A text for the guest; lines are kept.",
    "name": "What it is called.",
    "paidAt": "When it was paid.",
    "payments": "Payments that come with the bill, applied to its balance.",
    "payssam": "The account at the payment provider.",
    "position": "As it was at this position of the log, as an answer names it in extensions.position.",
    "reservationId": "The reservation, as the PMS names it.",
    "settlements": "Which bills of the folio this one pays, and how much of each.",
    "status": "Only in this status.",
    "targetBillId": "The bill to pay.",
    "timeZone": "Its time zone, as Asia/Seoul.",
    "to": "Only before this time.",
    "updatedSince": "Only what changed at or after this time.",
}
"""By the name of the argument."""

TOLD_IN: Mapping[tuple[str, str], str] = {
    ("folioEvents", "after"): "The id of the event to go on after; by default what happens from now on.",
    ("getAccommodationBills", "first"): f"Only so many of the newest, 1 to {LIMIT_MAX}; by default all.",
    ("getAccommodationBills", "folioId"): "Only on this folio.",
    ("accommodationBills", "folioId"): "Only on this folio.",
    ("getAccommodationBills", "reservationId"): "Only of this reservation.",
    ("accommodationBills", "reservationId"): "Only of this reservation.",
    ("paymentRequests", "accommodationId"): "Only of this accommodation; it or the billId is needed.",
    ("paymentRequests", "billId"): "Only of this bill; it or the accommodationId is needed.",
    ("transferBills", "expectedVersion"): (
        "The version that you have seen of the one bill: VERSION_MISMATCH when it is another by now. With several"
        " bills it is refused; transfer them one by one."
    ),
}
"""By field and argument; it goes before all else."""


def describe_arguments(schema: GraphQLSchema) -> None:
    """Tell of every argument and of every member of an input what is known of it."""
    for field, name, place in arguments(schema):
        place.description = TOLD_IN.get((field, name)) or place.description or TOLD.get(name)


def arguments(schema: GraphQLSchema) -> Iterator[Place]:
    """The arguments of all operations and the members of inputs, each with the field or input that it is of."""
    for kind in schema.type_map.values():
        if isinstance(kind, GraphQLInputObjectType):
            yield from ((kind.name, name, member) for name, member in kind.fields.items())
        elif isinstance(kind, GraphQLObjectType) and not kind.name.startswith("__"):
            for field, of_field in kind.fields.items():
                yield from ((field, name, each) for name, each in of_field.args.items())
