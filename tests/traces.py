"""Looking for somebody's data in bytes, in every form in which they could have been written down."""

import base64
import json
import re
import subprocess
from collections.abc import Iterable
from urllib.parse import quote

from services.store.embedded_account import find_programs, server_account

BYTEA = re.compile(rb"\\x([0-9a-f]{2,})")


def traces(text: str) -> set[bytes]:
    """The text in every form: plain, escaped for JSON or an address, hex, base64, UTF-16, cut short, unhyphenated."""
    raw = text.encode()
    escaped = json.dumps(text).strip('"').encode()
    address = quote(text, safe="").encode()
    forms = {raw, raw[:-1], raw.replace(b"-", b""), raw.hex().encode(), raw.hex().upper().encode()}
    forms |= {escaped, re.sub(rb"\\u....", lambda found: b"\\u" + found[0][2:].upper(), escaped)}
    forms |= {address, address.lower(), text.encode("utf-16-le"), text.encode("utf-16-be")}
    for start in range(3):  # base64 depends on where in the plain text the bytes stand
        encoded = base64.urlsafe_b64encode(b" " * start + raw).rstrip(b"=")[(0, 2, 3)[start] : -2]
        forms |= {encoded, encoded.replace(b"-", b"+").replace(b"_", b"/")}
    return forms


def found_in(raw: bytes, texts: Iterable[str]) -> list[str]:
    """Those of the texts of which there is a trace in the bytes."""
    return [text for text in texts if any(form in raw for form in traces(text))]


def dump_of(conninfo: str) -> bytes:
    """A whole database as pg_dump writes it, and after that its binary columns as they are."""
    programs, _ = find_programs(None, server_account())
    done = subprocess.run([f"{programs}/pg_dump", "--dbname", conninfo], capture_output=True, check=True)
    return done.stdout + b"".join(bytes.fromhex(found[1].decode()) + b"\n" for found in BYTEA.finditer(done.stdout))
