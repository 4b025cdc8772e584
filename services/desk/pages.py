"""Pages of lists: how many things one holds, and the opaque cursor of the next."""

import base64
import binascii

from services.desk.problems import invalid

LIMIT_DEFAULT = 100
LIMIT_MAX = 500
CURSOR_LENGTH_MAX = 20


def cursor_of(position: int) -> str:
    """The cursor of the page that starts after this position."""
    return base64.urlsafe_b64encode(f"p{position}".encode()).decode().rstrip("=")


def position_of(cursor: str | None, pointer: str, whence: str) -> int | None:
    """The position in a cursor, None without one. Raises Problem when it is none of ours: it comes from `whence`."""
    if cursor is None:
        return None
    try:
        decoded = base64.b64decode(cursor + "=" * (-len(cursor) % 4), altchars=b"-_", validate=True).decode("ascii")
    except (binascii.Error, ValueError):
        decoded = ""
    if not (decoded[:1] == "p" and decoded[1:].isdigit() and len(decoded) < CURSOR_LENGTH_MAX):
        raise invalid(pointer, f"{pointer[1:]} must be the {whence} of an earlier answer.")
    return int(decoded[1:])
