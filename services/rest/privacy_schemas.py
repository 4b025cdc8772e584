"""Answers about what is kept of a guest, as api.md describes them."""

from typing import Any

from pydantic import AwareDatetime, BaseModel

from services.rest.schemas import Schema, VirtualAccount


class ForgottenGuest(Schema):
    """That a folio's guest is forgotten, and since when."""

    folio_id: str
    forgotten_at: AwareDatetime
    forgotten_by: str
    reason: str


class GivenAccounts(Schema):
    """The virtual accounts that were given for a payment at one time."""

    bill_id: str
    payment_id: str
    recorded_at: AwareDatetime
    accounts: list[VirtualAccount]


class ExportedReceipt(Schema):
    """A payment as the provider reported it."""

    amount: int
    paid_at: AwareDatetime
    payment_method: str
    pay_type: str | None
    issuer: str | None
    approval_number: str | None


class ExportedRequest(Schema):
    """What is kept of the guest with a payment request; name, contact and message are null once forgotten."""

    id: str
    bill_id: str
    requested_at: AwareDatetime
    customer_name: str | None
    contact: str | None
    message: str | None
    product_name: str
    bill_issuer: str | None
    url: str | None
    receipt: ExportedReceipt | None
    last_error: str | None


class ExportedCallback(Schema):
    """What the provider reported, without its key; headers are empty and the body is null once forgotten."""

    number: int
    payment_request_id: str
    received_at: AwareDatetime
    source: str
    headers: dict[str, str]
    body: Any


class GuestExport(Schema):
    """Everything that is kept of a folio's guest; `forgottenAt` is null until the guest is forgotten."""

    folio_id: str
    accommodation_id: str
    forgotten_at: AwareDatetime | None
    forgotten_by: str | None
    reason: str | None
    virtual_accounts: list[GivenAccounts]
    payment_requests: list[ExportedRequest]
    callbacks: list[ExportedCallback]


PRIVACY_ANSWERS: tuple[type[BaseModel], ...] = (ForgottenGuest, GuestExport)
