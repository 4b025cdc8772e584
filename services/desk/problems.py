"""What is told to a caller whose request is not carried out: code, sentence, the values at fault."""

from collections.abc import Mapping, Sequence
from typing import Any

from services.billing.errors import Refusal

TYPE_PREFIX = "urn:folio-ledger:problem:"

STATUS_OF_CODE = {
    "REQUIRED_PARAMETER": 400,
    "INVALID_PARAMETER": 400,
    "UNAUTHENTICATED": 401,
    "FORBIDDEN": 403,
    "DATA_NOT_FOUND_ON_ID": 404,
    "METHOD_NOT_ALLOWED": 405,
    "INVALID_STATE": 409,
    "IDEMPOTENCY_KEY_IN_USE": 409,
    "VERSION_MISMATCH": 412,
    "PAYLOAD_TOO_LARGE": 413,
    "IDEMPOTENCY_KEY_REUSED": 422,
    "TOO_MANY_REQUESTS": 429,
    "INTERNAL_ERROR": 500,
    "NOT_CAUGHT_UP": 503,
    "PROVIDER_UNAVAILABLE": 503,
    "SERVICE_UNAVAILABLE": 503,
}
TITLE_OF_CODE = {
    "REQUIRED_PARAMETER": "A parameter is missing",
    "INVALID_PARAMETER": "A parameter is wrong",
    "UNAUTHENTICATED": "No valid API key",
    "FORBIDDEN": "The key's role does not allow this",
    "DATA_NOT_FOUND_ON_ID": "Not found",
    "METHOD_NOT_ALLOWED": "Method not allowed",
    "INVALID_STATE": "Not possible in this state",
    "IDEMPOTENCY_KEY_IN_USE": "The first request with this key is still running",
    "VERSION_MISMATCH": "Changed in the meantime",
    "PAYLOAD_TOO_LARGE": "The body is too large",
    "IDEMPOTENCY_KEY_REUSED": "The key belongs to another request",
    "TOO_MANY_REQUESTS": "Too many requests",
    "INTERNAL_ERROR": "A fault of this service",
    "PROVIDER_UNAVAILABLE": "The payment provider cannot be reached",
    "NOT_CAUGHT_UP": "The answer would not be current yet",
    "SERVICE_UNAVAILABLE": "Not possible at the moment",
}

RETRY_AFTER = {"Retry-After": "1"}
"""In seconds."""
HEADERS_OF_CODE: Mapping[str, Mapping[str, str]] = {
    "UNAUTHENTICATED": {"WWW-Authenticate": "Bearer"},
    "NOT_CAUGHT_UP": RETRY_AFTER,
    "PROVIDER_UNAVAILABLE": RETRY_AFTER,
    "SERVICE_UNAVAILABLE": RETRY_AFTER,
    "TOO_MANY_REQUESTS": RETRY_AFTER,
    "IDEMPOTENCY_KEY_IN_USE": RETRY_AFTER,
}
"""What an answer says besides, whatever its form."""


class Fault:
    """One thing that is wrong: JSON pointer (or the parameter's name after a slash), code, sentence."""

    def __init__(self, pointer: str, code: str, detail: str) -> None:
        self.pointer = pointer
        self.code = code
        self.detail = detail


class Problem(Exception):
    """A request that is answered with an error; `faults` name the values at fault."""

    def __init__(
        self, code: str, detail: str, faults: Sequence[Fault] = (), headers: Mapping[str, str] | None = None
    ) -> None:
        super().__init__(detail)
        self.code = code
        self.detail = detail
        self.faults = faults
        self.headers = {**HEADERS_OF_CODE.get(code, {}), **(headers or {})}

    @property
    def status(self) -> int:
        """The HTTP status."""
        return STATUS_OF_CODE[self.code]

    def pointing(self, names: Mapping[str, str]) -> "Problem":
        """The same problem where the values at fault have other names."""
        faults = [Fault(names.get(fault.pointer, fault.pointer), fault.code, fault.detail) for fault in self.faults]
        return Problem(self.code, self.detail, faults, self.headers)

    def body(self, request_id: str, **more: Any) -> dict[str, Any]:
        """The problem as a document, RFC 9457; `more` are members of its own."""
        return {
            "type": TYPE_PREFIX + self.code.lower().replace("_", "-"),
            "title": TITLE_OF_CODE[self.code],
            "status": self.status,
            "detail": self.detail,
            "code": self.code,
            "errors": [vars(fault) for fault in self.faults],
            "requestId": request_id,
            **more,
        }


def problem_of(refusal: Refusal) -> Problem:
    """A refusal of the domain as a problem."""
    faults = [Fault(refusal.pointer, refusal.code, refusal.detail)] if refusal.pointer else []
    return Problem(refusal.code, refusal.detail, faults)


def invalid(pointer: str, detail: str) -> Problem:
    """A wrong value that the caller sent."""
    return Problem("INVALID_PARAMETER", detail, [Fault(pointer, "INVALID_PARAMETER", detail)])


def missing(pointer: str, detail: str) -> Problem:
    """A value that the caller should have sent."""
    return Problem("REQUIRED_PARAMETER", detail, [Fault(pointer, "REQUIRED_PARAMETER", detail)])


def not_found(what: str, id_: str, position: int | None = None, parameter: str | None = None) -> Problem:
    """Nothing of that id, or nothing that this caller may see, at a position of the log."""
    detail = f"There is no {what} {id_}."
    headers = {} if position is None else {"Folio-Position": str(position)}
    fault = Fault(f"/{parameter or f'{what}Id'}", "DATA_NOT_FOUND_ON_ID", detail)
    return Problem("DATA_NOT_FOUND_ON_ID", detail, [fault], headers)
