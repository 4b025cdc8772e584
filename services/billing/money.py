"""Amounts: whole numbers in the minor unit of the accommodation's currency, never floats."""

from services.billing.errors import InvalidParameter

AMOUNT_MAX = 10**15
"""The largest amount, either way: 10^15 minor units."""

CURRENCY_PATTERN = r"^[A-Z]{3}$"
"""ISO 4217 letters. KRW has no minor unit: 150000 is 150,000 won."""

DEFAULT_CURRENCY = "KRW"


def within_limits(amount: int, pointer: str) -> int:
    """The amount itself, or InvalidParameter when it lies beyond ±10^15."""
    if abs(amount) > AMOUNT_MAX:
        raise InvalidParameter(f"The amount would become {amount}; at most ±{AMOUNT_MAX} can be kept.", pointer)
    return amount


def at_least_one(amount: int, pointer: str) -> int:
    """The amount itself, or InvalidParameter when it is below 1 or beyond 10^15."""
    if amount < 1:
        raise InvalidParameter(f"The amount is {amount}; it must be 1 or more.", pointer)
    return within_limits(amount, pointer)
