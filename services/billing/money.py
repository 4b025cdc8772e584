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


WITHOUT_MINOR_UNIT = (
    "BIF", "CLP", "DJF", "GNF", "ISK", "JPY", "KMF", "KRW", "PYG", "RWF", "UGX", "UYI", "VND", "VUV", "XAF", "XOF",
    "XPF",
)  # fmt: skip
IN_THOUSANDTHS = ("BHD", "IQD", "JOD", "KWD", "LYD", "OMR", "TND")
MINOR_DIGITS = {**dict.fromkeys(WITHOUT_MINOR_UNIT, 0), **dict.fromkeys(IN_THOUSANDTHS, 3)}
"""Digits of the minor unit by ISO 4217, where they are not 2."""


def in_main_unit(amount: int, currency: str) -> str:
    """An amount in minor units as a figure in the currency's main unit, such as `12,000` of KRW or `120.50` of USD."""
    return _decimal(amount, currency, grouped=",")


def readable(amount: int, currency: str) -> str:
    """An amount in minor units for people, such as `12,000 KRW` or `120.50 USD`."""
    return f"{in_main_unit(amount, currency)} {currency}"


def decimal(amount: int, currency: str) -> str:
    """An amount in minor units for programs: a decimal number without marks between thousands, such as `-1200.50`."""
    return _decimal(amount, currency, grouped="")


def _decimal(amount: int, currency: str, grouped: str) -> str:
    digits = MINOR_DIGITS.get(currency, 2)
    whole, rest = divmod(abs(amount), 10**digits)
    sign = "-" if amount < 0 else ""
    return f"{sign}{whole:{grouped}}{f'.{rest:0{digits}}' if digits else ''}"
