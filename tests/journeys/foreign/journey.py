"""The journey that every foreign client makes, and what it must be answered on the way.

The steps stand in `steps/`, the documents that they send in `documents/`, for clients of any language. Text such as
`$room.id` stands for a member of what the step named `room` was answered, `*` for an answer that is not null. Of an
answer only the members that a step names are compared.
"""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import msgspec

FOLDER = Path(__file__).parent
DOCUMENTS = {file.stem: file.read_text() for file in sorted((FOLDER / "documents").glob("*.graphql"))}
PAGE_FORM = "getAccommodationBillsInPages"
"""The one document that is not in the words of the schema: under the name of the guide's list it asks for a page."""

Known = Mapping[str, Any]
Line = dict[str, Any]
"""What a client was told at one step: `answers`, or the code as `refused`. At a surprise the journey ends."""


class Step(msgspec.Struct, forbid_unknown_fields=True, rename="camel"):
    """What is sent and what comes back; or a guest who pays on the provider's page in between."""

    says: str
    document: str = ""
    variables: dict[str, Any] = {}
    named: str | None = None
    answers: Any = None
    refused: str | None = None
    take: int = 0
    """How many answers of a subscription are waited for; it is opened by the first step that takes some."""
    guest_pays: str | None = None


def _steps() -> list[Step]:
    files = sorted((FOLDER / "steps").glob("*.json"))
    return [step for file in files for step in msgspec.json.decode(file.read_bytes(), type=list[Step])]


STEPS = _steps()


def house(name: str) -> dict[str, str]:
    """An accommodation of one client's own, and its folios."""
    return {"accommodation": f"HOTEL-{name}", "folio": f"{name}-204", "otherFolio": f"{name}-205"}


def filled(value: Any, known: Known) -> Any:
    """A value with what is known in place of its references."""
    if isinstance(value, str) and value.startswith("$"):
        return _member(known, value.removeprefix("$").split("."))
    if isinstance(value, dict):
        return {name: filled(member, known) for name, member in value.items()}
    return [filled(item, known) for item in value] if isinstance(value, list) else value


def _member(known: Any, path: Sequence[str]) -> Any:
    for name in path:
        known = known[int(name)] if isinstance(known, list) else known[name]
    return known


def compared(found: Any, expected: Any) -> Any:
    """What was found, as far as something is expected of it."""
    if isinstance(expected, dict) and isinstance(found, dict):
        return {name: compared(found.get(name), member) for name, member in expected.items()}
    if isinstance(expected, list) and isinstance(found, list) and len(expected) == len(found):
        return [compared(item, wanted) for item, wanted in zip(found, expected, strict=True)]
    return "*" if expected == "*" and found is not None else found
