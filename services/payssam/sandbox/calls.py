"""Answering a partner's call: its credentials, its fields, then what the provider does, and the bill's history."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from services.payssam.sandbox.dialects import SUCCESS, Dialect, Operation
from services.payssam.sandbox.fields import Fields, read_bill
from services.payssam.sandbox.provider import Provider
from services.payssam.sandbox.refusals import OK, UNKNOWN_KEY, UNKNOWN_MERCHANT, Refusal
from services.payssam.sandbox.settings import SandboxSettings
from services.payssam.sandbox.store import Call, Store

API_KEY_LENGTH_MAX = 32
CANCEL_REASON_LENGTH_MAX = 20


@dataclass(frozen=True)
class Reply:
    """An answer: HTTP status and JSON body."""

    status: int
    body: dict[str, Any]

    @classmethod
    def refusal(cls, dialect: Dialect, refusal: Refusal) -> "Reply":
        """The answer that says no, in one generation's words."""
        return cls(refusal.reason.status, dialect.refusal(refusal))


class Calls:
    """Both generations' calls on one provider."""

    def __init__(self, settings: SandboxSettings, store: Store, provider: Provider) -> None:
        self._settings = settings
        self._store = store
        self._provider = provider

    def act(
        self, dialect: Dialect, operation: Operation, body: Mapping[str, Any], address: str, fault: str | None
    ) -> Reply:
        """Do what is asked and answer; `address` is where the request came to, `fault` goes into the history."""
        try:
            with self._store.transaction():
                reply = Reply(OK, self._answer(dialect, operation, body, address))
        except Refusal as refusal:
            reply = Reply.refusal(dialect, refusal)
        self._record(dialect, operation, body, str(reply.body.get("code", SUCCESS)), fault)
        return reply

    def not_acted(self, dialect: Dialect, operation: Operation, body: Mapping[str, Any], fault: str | None) -> None:
        """Remember a call that a fault kept from being acted upon."""
        self._record(dialect, operation, body, None, fault)

    def short_url(self, bill_id: str, address: str) -> str:
        """The link to a bill's page."""
        return f"{self._settings.public_url or address}/p/{bill_id}"

    def _answer(self, dialect: Dialect, operation: Operation, body: Mapping[str, Any], address: str) -> dict[str, Any]:
        member, merchant = self._check_credentials(dialect, body)
        fields = dialect.fields(operation, body)
        match operation:
            case "send":
                version_2 = dialect.version == 2  # noqa: PLR2004
                now = self._settings.clock()
                bill = read_bill(fields, member, merchant, now, send_type_required=version_2)
                self._provider.send(bill)
                return dialect.sent(bill, self.short_url(bill.bill_id, address))
            case "resend":
                bill = self._provider.resend(fields.bill_id())
                return dialect.sent(bill, self.short_url(bill.bill_id, address))
            case "read":
                return dialect.read(self._provider.bill(fields.bill_id()), self._settings.api_key)
            case "destroy":
                return dialect.ended(self._provider.destroy(*_bill_and_price(fields)))
            case "cancel":
                fields.text("cancel_reason", CANCEL_REASON_LENGTH_MAX, required=False)
                return dialect.ended(self._provider.cancel(*_bill_and_price(fields)))
            case "points":
                charge_url = f"{self._settings.public_url or address}/"
                return dialect.success({"balance": self._provider.points(), "chargeUrl": charge_url})

    def _check_credentials(self, dialect: Dialect, body: Mapping[str, Any]) -> tuple[str, str]:
        given = Fields(body, {"api_key": dialect.api_key})
        if given.text("api_key", API_KEY_LENGTH_MAX) != self._settings.api_key:
            raise Refusal(UNKNOWN_KEY, "this API key is not known")
        member = given.text("member", dialect.member_length_max, required=False)
        merchant = given.text("merchant", dialect.member_length_max, required=False)
        asked_as_partner = not member and not merchant and body.keys() <= {dialect.api_key}
        known = self._settings.members
        if known is not None and not asked_as_partner and (member, merchant) not in known:
            raise Refusal(UNKNOWN_MERCHANT, "this merchant is not known")
        return member, merchant

    def _record(
        self, dialect: Dialect, operation: Operation, body: Mapping[str, Any], code: str | None, fault: str | None
    ) -> None:
        try:
            bill_id = dialect.fields(operation, body).bill_id()
        except Refusal:
            return  # asked about no bill
        call = Call(self._settings.clock(), f"v{dialect.version}", operation, code, fault)
        with self._store.transaction():
            self._store.record(bill_id, call)


def _bill_and_price(fields: Fields) -> tuple[str, str]:
    bill_id, price = fields.bill_id(), fields.price()
    fields.check_hash(bill_id, price)
    return bill_id, price
