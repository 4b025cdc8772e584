"""Identifiers: ULIDs made here, ids that belong to the PMS, stream names in the log, bill codes."""

import secrets
from datetime import datetime
from zoneinfo import ZoneInfo

from ulid import ULID

ULID_PATTERN = r"^[0-7][0-9A-HJKMNP-TV-Z]{25}$"
PMS_ID_PATTERN = r"^[A-Za-z0-9._:-]{1,64}$"
"""accommodationId, folioId and reservationId: opaque to this service."""

PAYMENT_METHOD_PATTERN = r"^[A-Z][A-Z0-9_]{0,31}$"

CODE_ALPHABET = "0123456789ABCDEFGHJKMNPQRSTVWXYZ"
"""Crockford's 32 characters: no I, L, O, U, so that a code can be read out loud."""
CODE_BITS = 50


def new_ulid() -> str:
    """A new 26-character ULID, for a bill or a payment."""
    return str(ULID())


def accommodation_stream(accommodation_id: str) -> str:
    """The name of an accommodation's stream: the PMS may give a folio the same id."""
    return f"accommodation/{accommodation_id}"


def folio_stream(folio_id: str) -> str:
    """The name of a folio's stream."""
    return f"folio/{folio_id}"


def new_bill_code(now: datetime, time_zone: str) -> str:
    """A code such as `B261122-7K3Q9MX2AD`: the day in the accommodation's zone, and 50 random bits."""
    day = now.astimezone(ZoneInfo(time_zone))
    bits = secrets.randbits(CODE_BITS)
    random = "".join(CODE_ALPHABET[bits >> shift & 31] for shift in range(0, CODE_BITS, 5))
    return f"B{day:%y%m%d}-{random}"
