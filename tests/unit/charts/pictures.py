"""Answers to draw, and what a picture shows."""

from collections.abc import Sequence
from datetime import date, timedelta
from decimal import Decimal
from io import BytesIO
from typing import Any
from xml.etree import ElementTree as Xml

from PIL import Image

from projections.report import ChartKind
from services.desk.charts.answer import ReportAnswer, Row
from services.desk.charts.drawing import draw

FIRST = date(2026, 5, 1)
METHODS = ("CARD", "CASH", "TRANSFER", "VIRTUAL_ACCOUNT")


def day(number: int) -> str:
    """The business date of a row; 1 is the first."""
    return str(FIRST + timedelta(days=number - 1))


def answer(rows: Sequence[Row], days: int = 3, **named: Any) -> ReportAnswer:
    """An answer for that many days from 1 May 2026."""
    asked = {"title": "A report", "title_korean": "보고서", "accommodation_id": "HOTEL-1", "currency": "KRW"}
    period = {"first": FIRST, "last": FIRST + timedelta(days=days - 1)}
    return ReportAnswer(**{**asked, **period, "position": 4821, "rows": rows, **named})


def taken(number: int, method: str, net: int) -> Row:
    """A row of takings."""
    return {"businessDate": day(number), "paymentMethod": method, "net": net}


def asked(number: int, sent: int, paid: int) -> Row:
    """A row of conversion."""
    share = Decimal(100 * paid) / sent if sent else None
    return {"businessDate": day(number), "sent": sent, "paidOfSent": paid, "conversion": share}


def owed(*buckets: int, credit: int = 0) -> Row:
    """A row of ageing."""
    names = ("days0To7", "days8To30", "days31To60", "days61To90", "over90")
    return {**dict(zip(names, buckets, strict=True)), "credit": credit, "balance": sum(buckets) + credit}


TAKINGS = answer([taken(number, method, 10_000 * number) for number in (1, 2, 3) for method in METHODS])
AGEING = answer([owed(150_000, 82_000, 43_000, 0, 9_900, credit=-23_000)], first=None)
CONVERSION = answer([asked(1, 4, 1), asked(2, 0, 0), asked(3, 5, 5)])
ANSWERS: dict[ChartKind, ReportAnswer] = {"takings": TAKINGS, "ageing": AGEING, "conversion": CONVERSION}


def texts(kind: ChartKind, shown: ReportAnswer) -> list[str]:
    """The texts of its SVG, in order, after it was read as XML."""
    root = Xml.fromstring(draw(kind, shown, "svg"))  # noqa: S314 - drawn here, by nobody else
    return ["".join(found.itertext()).strip() for found in root.iter("{http://www.w3.org/2000/svg}text")]


def size(png: bytes) -> tuple[int, int]:
    """Width and height of a PNG that can be opened."""
    with Image.open(BytesIO(png)) as image:
        image.load()
        assert image.format == "PNG"
        return image.size
