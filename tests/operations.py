"""The commands as both faces offer them: the mutation, the route, and what is asked for and answered at either."""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import quote

THE_ID = "/(id)"
"""Where a fault points that is about the id in REST's path, which is an argument in GraphQL."""


@dataclass(frozen=True)
class Operation:
    """A command: the mutation and its argument that names the thing, the route and the id in its path."""

    mutation: str
    id_argument: str | None
    method: str
    path: str

    @property
    def id_name(self) -> str | None:
        """The name of the id in the path, such as billId."""
        named = re.search(r"\{(\w+)\}", self.path)
        return named and named.group(1)

    def path_of(self, id_: str) -> str:
        """The path with an id in it."""
        return self.path if self.id_name is None else self.path.replace(f"{{{self.id_name}}}", quote(id_, safe=""))


OPERATIONS: Mapping[str, Operation] = {
    operation.mutation: operation
    for operation in (
        Operation("configureAccommodation", "id", "PUT", "/v1/accommodations/{accommodationId}"),
        Operation("addBillToFolio", "folioId", "POST", "/v1/folios/{folioId}/bills"),
        Operation("updateBill", "id", "PATCH", "/v1/bills/{billId}"),
        Operation("cancelBill", "id", "POST", "/v1/bills/{billId}/cancel"),
        Operation("deleteBill", "id", "DELETE", "/v1/bills/{billId}"),
        Operation("settleBills", "billId", "POST", "/v1/bills/{billId}/settlements"),
        Operation("transferBills", None, "POST", "/v1/bills/transfer"),
        Operation("addPaymentToBill", "billId", "POST", "/v1/bills/{billId}/payments"),
        Operation("updatePayment", "id", "PATCH", "/v1/payments/{paymentId}"),
        Operation("cancelPayment", "id", "POST", "/v1/payments/{paymentId}/cancel"),
        Operation("deletePayment", "id", "DELETE", "/v1/payments/{paymentId}"),
    )
}


@dataclass(frozen=True)
class Asked:
    """A command that is asked for: its operation by the mutation's name, the id of the thing, the rest of it.

    `version` is the one that the caller has seen, `key` the Idempotency-Key.
    """

    mutation: str
    id: str
    members: Mapping[str, Any] = field(default_factory=dict)
    version: int | None = None
    key: str | None = None

    @property
    def operation(self) -> Operation:
        """What it is asked of the two faces as."""
        return OPERATIONS[self.mutation]

    @property
    def key_header(self) -> dict[str, str]:
        """The header that both faces take the key from."""
        return {} if self.key is None else {"Idempotency-Key": self.key}


@dataclass(frozen=True)
class Answer:
    """What a face answers: a view (of several bills a list, True where nothing is left), or what is wrong."""

    view: Any = None
    code: str | None = None
    detail: str | None = None
    faults: Sequence[Mapping[str, str]] = ()
    replayed: bool = False


def faults_with(faults: Sequence[Mapping[str, str]], id_name: str | None) -> list[Mapping[str, str]]:
    """The faults, with `THE_ID` for the name that a face has for the id of the thing."""
    return [{**fault, "pointer": THE_ID} if fault["pointer"] == f"/{id_name}" else fault for fault in faults]
