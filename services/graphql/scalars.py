"""The scalars of the schema. Values go out as views hold them; what comes in is checked by the desk's bodies."""

from datetime import date, datetime
from typing import Any, NewType

from strawberry.scalars import JSON
from strawberry.types.scalar import ScalarDefinition, scalar

from services.billing.money import AMOUNT_MAX

Amount = NewType("Amount", int)
DateTime = NewType("DateTime", datetime)
Date = NewType("Date", date)
Json = JSON


def _whole_number(value: Any) -> int:
    if not isinstance(value, int) or isinstance(value, bool):
        raise ValueError("it is a whole number in minor units of the currency, without quotes or fraction")
    return value


def _text(value: Any) -> str:
    if not isinstance(value, str):
        raise ValueError("it is text in quotes")
    return value


SCALARS: dict[object, ScalarDefinition] = {
    Amount: scalar(
        name="Amount",
        description=f"A whole number in minor units of the currency, up to {AMOUNT_MAX} (10^15) on either side of 0;"
        " sums may be larger.",
        parse_value=_whole_number,
    ),
    DateTime: scalar(
        name="DateTime",
        description="A time, RFC 3339. It is taken with any offset, as 2026-11-22T14:00:00+09:00, and answered in UTC.",
        specified_by_url="https://www.rfc-editor.org/rfc/rfc3339",
        parse_value=_text,
    ),
    Date: scalar(name="Date", description="A day, as 2026-11-22.", parse_value=_text),
}
