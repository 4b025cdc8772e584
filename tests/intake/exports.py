"""Exports to import: the files of these tests, written in a line."""

import io
import json
from pathlib import Path
from typing import Any

from services.intake.formats import Entry, read_csv, read_jsonl
from tests.conftest import PAID_AT

COLUMNS = "externalId,accommodationId,folioId,name,totalAmount,paymentMethod,paymentAmount,paidAt"
SAMPLES = Path("services/intake").resolve()


def line(external_id: str = "A", folio: str = "F1", total: object = 1000, paid: object = "", **other: str) -> str:
    """A line of a CSV export with the columns above; `paid` in cash."""
    payment = f"CASH,{paid},{PAID_AT}" if paid != "" else ",,"
    return f"{external_id},{other.get('hotel', 'HOTEL')},{folio},{other.get('name', '객실료')},{total},{payment}"


def csv(*lines: str, header: str = COLUMNS) -> bytes:
    """A CSV file of these lines."""
    return "".join(f"{each}\n" for each in (header, *lines)).encode()


def bill(external_id: str = "A", folio: str = "F1", total: object = 1000, **more: Any) -> dict[str, Any]:
    """A bill as JSON Lines has it."""
    given = {"accommodationId": "HOTEL", "folioId": folio, "name": "객실료", "totalAmount": total}
    return {"externalId": external_id, **given, **more}


def jsonl(*objects: Any) -> bytes:
    """A JSON Lines file of these."""
    return "".join(json.dumps(each, ensure_ascii=False) + "\n" for each in objects).encode()


def entries(content: bytes) -> list[Entry]:
    """The bills of a CSV file."""
    return list(read_csv(io.BytesIO(content)))


def entries_of_jsonl(content: bytes) -> list[Entry]:
    """The bills of a JSON Lines file."""
    return list(read_jsonl(io.BytesIO(content)))


def rejects_in(file: Path) -> list[dict[str, Any]]:
    """What a rejects file holds."""
    return [json.loads(each) for each in file.read_text().splitlines()]
