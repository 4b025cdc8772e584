"""From bytes to a body, and from what pydantic finds wrong to faults with JSON pointers."""

from collections.abc import Sequence
from typing import Any, TypeVar

from pydantic import BaseModel, ValidationError

from services.desk.problems import Fault, Problem

B = TypeVar("B", bound=BaseModel)

REQUIRED = "REQUIRED_PARAMETER"
INVALID = "INVALID_PARAMETER"
MISSING_TYPE = "missing"
UNKNOWN_TYPE = "extra_forbidden"
NOT_JSON_TYPE = "json_invalid"
OBJECT_TYPES = {"model_type", "model_attributes_type"}
FAULTS_MAX = 20


def parse(model: type[B], raw: bytes, known: Sequence[Fault] = ()) -> B:
    """The body, an empty one for no bytes. Raises Problem naming every value that is missing or wrong, those included
    that are `known` to be wrong beside the body.
    """
    faults = [*known]
    try:
        body = model.model_validate_json(raw or b"{}")
    except ValidationError as error:
        details = error.errors(include_url=False, include_context=False)
        faults += [_fault(detail) for detail in details[:FAULTS_MAX]]
    if not faults:
        return body
    code = REQUIRED if any(fault.code == REQUIRED for fault in faults) else INVALID
    first = next(fault for fault in faults if fault.code == code)
    raise Problem(code, first.detail, faults)


def _fault(detail: Any) -> Fault:
    pointer = pointer_of(detail["loc"])
    kind = detail["type"]
    name = pointer or "The body"
    if kind == UNKNOWN_TYPE:
        return Fault(pointer, INVALID, f"{name} is not known here; the names are listed in /docs.")
    null_where_needed = detail["input"] is None and isinstance((detail["loc"] or (0,))[-1], str)
    if kind == MISSING_TYPE or null_where_needed:
        return Fault(pointer, REQUIRED, f"{name} is missing.")
    if kind == NOT_JSON_TYPE:
        return Fault("", INVALID, f"The body is not JSON: {detail['msg'].removeprefix('Invalid JSON: ')}.")
    if kind in OBJECT_TYPES:
        return Fault(pointer, INVALID, f"{name} must be a JSON object.")
    message = detail["msg"].removeprefix("Value error, ")
    return Fault(pointer, INVALID, f"{name}: {message[:1].lower()}{message[1:]}.")


def pointer_of(location: tuple[int | str, ...]) -> str:
    """The JSON pointer (RFC 6901) of a place in a body."""
    return "".join(f"/{str(part).replace('~', '~0').replace('/', '~1')}" for part in location)
