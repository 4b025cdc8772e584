"""What is read from a request besides its body: caller, key, context, conditions, freshness."""

import re
from collections.abc import Iterable, Mapping
from datetime import date
from typing import Protocol

from starlette.requests import HTTPConnection

from projections.reading import Freshness
from projections.reports import REPORTS
from services.access import Caller, Role
from services.billing.business_day import FIRST_DAY, LAST_DAY
from services.billing.event import Context
from services.billing.ids import PMS_ID_PATTERN, ULID_PATTERN
from services.collection.payment_request import ID_PATTERN as REQUEST_ID_PATTERN
from services.desk.bodies import read_day
from services.desk.problems import Problem, invalid

ACTOR_LENGTH_MAX = 100
IDEMPOTENCY_KEY = re.compile(r"^[\x20-\x7e]{1,255}$")
ENTITY_TAG = re.compile(r'^"(0|[1-9][0-9]{0,17})"$')
POSITION = re.compile(r"^[0-9]{1,18}$")
ID_PATTERNS = {
    "accommodationId": (re.compile(PMS_ID_PATTERN), "up to 64 of A-Z a-z 0-9 . _ : -"),
    "folioId": (re.compile(PMS_ID_PATTERN), "up to 64 of A-Z a-z 0-9 . _ : -"),
    "reservationId": (re.compile(PMS_ID_PATTERN), "up to 64 of A-Z a-z 0-9 . _ : -"),
    "billId": (re.compile(ULID_PATTERN), "a ULID: 26 of 0-9 and A-Z without I, L, O, U"),
    "paymentId": (re.compile(ULID_PATTERN), "a ULID: 26 of 0-9 and A-Z without I, L, O, U"),
    "name": (re.compile(r"^[a-z-]{1,64}$"), f"that of a report: {', '.join(REPORTS)}"),
    "paymentRequestId": (re.compile(REQUEST_ID_PATTERN), "20 of A-Z and 0-9"),
}

DAY_NAME = "date"
PathValue = str | date
"""An id in a path, or a day."""


class Authenticator(Protocol):
    """Finds callers by their keys."""

    async def find(self, key: str) -> Caller | None:
        """The key's holder, None for an unknown or revoked key. Raises StoreUnavailable."""
        ...


async def authenticate(request: HTTPConnection, authenticator: Authenticator, roles: frozenset[Role]) -> Caller:
    """The caller of a request. Raises Problem as `admit`."""
    caller = await admit(request.headers.get("authorization", ""), authenticator, roles)
    request.state.caller = caller.name
    return caller


async def admit(credentials: str, authenticator: Authenticator, roles: frozenset[Role]) -> Caller:
    """The holder of the key in 'Bearer KEY'.

    Raises Problem: 401 without a valid key, 403 when its role is none of `roles`. Raises StoreUnavailable.
    """
    scheme, _, key = credentials.partition(" ")
    caller = await authenticator.find(key.strip()) if scheme.lower() == "bearer" and key.strip() else None
    if caller is None:
        raise Problem(
            "UNAUTHENTICATED", "Send a valid key as 'Authorization: Bearer KEY'; 'folio keys create' makes one."
        )
    check_role(caller, roles)
    return caller


def check_role(caller: Caller, roles: frozenset[Role]) -> None:
    """Raise Problem when the caller's role is none of `roles`."""
    if caller.role not in roles:
        raise Problem("FORBIDDEN", f"The key {caller.name!r} has the role {caller.role}, which may not do this.")


def request_id(request: HTTPConnection) -> str:
    """The id under which this request is logged and its events are recorded."""
    found: str = request.state.request_id
    return found


def context_of(request: HTTPConnection, caller: Caller, reason: str | None) -> Context:
    """Who asks and under which conditions. Raises Problem for a wrong X-Folio-Actor or If-Match."""
    return Context(
        key=caller.name,
        request_id=request_id(request),
        user=_actor(request),
        reason=reason,
        accommodations=caller.accommodations,
        expected_version=_expected_version(request),
    )


def idempotency_key(request: HTTPConnection) -> str | None:
    """The Idempotency-Key. Raises Problem when it is of the wrong form, or when there are several."""
    keys = request.headers.getlist("idempotency-key")
    if len(keys) > 1:
        raise invalid("/Idempotency-Key", "There are several Idempotency-Key headers; a request has one.")
    key = keys[0] if keys else None
    if key is not None and not IDEMPOTENCY_KEY.fullmatch(key):
        raise invalid("/Idempotency-Key", "Idempotency-Key is 1 to 255 printable ASCII characters.")
    return key


def check_id(name: str, value: str, argument: str | None = None) -> str:
    """An id from a path, or from an argument of its own name. Raises Problem when it is of the wrong form."""
    pattern, form = ID_PATTERNS[name]
    if not pattern.fullmatch(value):
        raise invalid(f"/{argument or name}", f"{argument or f'{name} in the path'} must be {form}.")
    return value


def path_values(names: Iterable[str], given: Mapping[str, str]) -> tuple[PathValue, ...]:
    """The values of these names in a path. Raises Problem for an id or a day of the wrong form."""
    return tuple(_day(given[name]) if name == DAY_NAME else check_id(name, given[name]) for name in names)


def _day(text: str) -> date:
    try:
        day: date = read_day(text)
    except ValueError as error:
        raise invalid(f"/{DAY_NAME}", f"{DAY_NAME} in the path {error}.") from None
    if not FIRST_DAY <= day <= LAST_DAY:
        raise invalid(f"/{DAY_NAME}", f"{DAY_NAME} in the path must lie between {FIRST_DAY} and {LAST_DAY}.")
    return day


def freshness_of(request: HTTPConnection) -> Freshness:
    """How current the answer must be. Raises Problem for a wrong `consistency` or Folio-Min-Position."""
    consistency = request.query_params.get("consistency", "fresh")
    if consistency not in {"fresh", "eventual"}:
        raise invalid("/consistency", "consistency is 'eventual', or left out.")
    minimum = request.headers.get("folio-min-position", "0")
    if not POSITION.fullmatch(minimum):
        raise invalid("/Folio-Min-Position", "Folio-Min-Position is a position of the log, as commands answer it.")
    return Freshness(consistency == "eventual", int(minimum))


def check_query(request: HTTPConnection, *allowed: str) -> None:
    """Raise Problem for a query parameter that is not known here, or that stands twice."""
    if not request.scope["query_string"]:
        return
    names = [name for name, _ in request.query_params.multi_items()]
    for name in names:
        if name not in allowed:
            known = f"known are {', '.join(allowed)}" if allowed else "there are none here"
            raise invalid(f"/{name}", f"The query parameter {name!r} is not known; {known}.")
        if names.count(name) > 1:
            raise invalid(f"/{name}", f"The query parameter {name!r} is given more than once.")


def _actor(request: HTTPConnection) -> str | None:
    header = request.headers.get("x-folio-actor")
    if header is None:
        return None
    try:
        actor = header.encode("latin-1").decode("utf-8").strip()
    except UnicodeDecodeError:
        raise invalid("/X-Folio-Actor", "X-Folio-Actor must be UTF-8.") from None
    if not 1 <= len(actor) <= ACTOR_LENGTH_MAX or not actor.isprintable():
        raise invalid("/X-Folio-Actor", f"X-Folio-Actor is 1 to {ACTOR_LENGTH_MAX} printable characters.")
    return actor


def _expected_version(request: HTTPConnection) -> int | None:
    header = request.headers.get("if-match")
    if header is None or header.strip() == "*":
        return None
    tag = ENTITY_TAG.fullmatch(header.strip())
    if tag is None:
        raise invalid("/If-Match", 'If-Match is one ETag of the bill, such as "3", or *.')
    return int(tag.group(1))
