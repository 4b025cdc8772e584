"""What values mean, in every format the same: whole numbers are whole, times are in UTC."""

from datetime import UTC, datetime
from decimal import Decimal
from typing import Any


def whole(value: int | Decimal) -> int:
    """A count, amount or number of seconds; sums come as decimals. Raises ValueError when it has a fraction."""
    number = int(value)
    if number != value:
        raise ValueError(f"{value} stands where only whole numbers can; a report rounds what it divides.")
    return number


def in_utc(value: datetime) -> datetime:
    """The moment in UTC. Raises ValueError when it has no time zone, for then nobody knows which moment it is."""
    if value.tzinfo is None:
        raise ValueError(f"{value} has no time zone; a report gives times as timestamptz.")
    return value.astimezone(UTC)


def plain(fact: Any) -> Any:
    """A fact of a header as every format shows it: times in UTC, the rest as it is. Raises ValueError likewise."""
    return in_utc(fact) if isinstance(fact, datetime) else fact
