"""Reports as they leave the house: what was asked for, in the format that was asked for, while it is read."""

import asyncio
from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass
from datetime import date
from typing import Any

from pydantic.alias_generators import to_camel

from projections.double_entry import TABLES
from projections.reading import Freshness
from projections.report import Report
from projections.report_reading import Asked, NoSuchFolio, OpenReport, Reports, Snapshot
from projections.reports import REPORTS
from services.access import Caller
from services.billing.views import View
from services.desk.charts.answer import ReportAnswer
from services.desk.charts.drawing import MEDIA_TYPES, Form, draw
from services.desk.formats.choice import FORMATS
from services.desk.formats.json import write_json
from services.desk.formats.table import Table
from services.desk.lookups import check_visible
from services.desk.past import Past, PointInLog, position_named
from services.desk.period import period_of
from services.desk.problems import invalid
from services.desk.requests import check_id

JSON, CSV, SVG, PNG = "json", "csv", "svg", "png"
TRUTH = {"true": True, "false": False}
PARAMETERS = ("from", "to", "groupBy", "format", "position", "folioId", "explain", "bom")


@dataclass(frozen=True)
class Question:
    """A report in a format; `bom`: CSV begins with a byte order mark."""

    asked: Asked
    format: str = JSON
    bom: bool = False

    @property
    def report(self) -> Report:
        """Which report."""
        return self.asked.report

    @property
    def file_name(self) -> str:
        """How a file with the answer is called."""
        asked = self.asked
        days = str(asked.last) if asked.report.as_of else f"{asked.first}_{asked.last}"
        house = asked.accommodation_id.replace(":", "-")  # which some systems allow in no name
        return f"{house}_{asked.report.name}_{days}.{self.format}"


@dataclass(frozen=True)
class Produced:
    """The bytes of an answer, while they are made. To be closed, read or not."""

    position: int
    media_type: str
    chunks: AsyncIterator[bytes]
    closing: AsyncExitStack

    async def aclose(self) -> None:
        """Let go of what the answer is read from."""
        await self.closing.aclose()


def report_named(name: str) -> Report:
    """The report of this name. Raises Problem when there is none, naming those that there are."""
    if name not in REPORTS:
        raise invalid("/name", f"There is no report {name!r}; there are {', '.join(REPORTS)}.")
    return REPORTS[name]


def question_of(name: str, accommodation_id: str, given: Mapping[str, str]) -> Question:
    """What is asked for. Raises Problem for whatever is wrong with its form, naming what is allowed."""
    report = report_named(name)
    days = period_of(given.get("from"), given.get("to"), as_of=report.as_of)
    format_ = _one_of("format", given.get("format", JSON), formats_of(report), report)
    if format_ in MEDIA_TYPES:
        assert report.chart is not None
        drawn = report.chart.grouping
        grouping = _one_of("groupBy", given.get("groupBy", drawn), [drawn], report, format_)
    else:
        grouping = _one_of("groupBy", given.get("groupBy", report.default_grouping), list(report.groupings), report)
    position = given.get("position")
    folio_id = given.get("folioId")
    asked = Asked(
        report,
        accommodation_id,
        *days,
        grouping,
        None if position is None else position_named("/position", position),
        None if folio_id is None else check_id("folioId", folio_id, "folioId"),
        _flag("explain", given),
    )
    if asked.explain and format_ in MEDIA_TYPES:
        raise invalid("/explain", f"A picture explains nothing; ask for {JSON} or {CSV} with explain=true.")
    bom = _flag("bom", given)
    if bom and format_ != CSV:
        raise invalid("/bom", f"bom goes with format={CSV} only.")
    return Question(asked, format_, bom)


def formats_of(report: Report) -> list[str]:
    """The formats that a report has."""
    return [*FORMATS, *(MEDIA_TYPES if report.chart else ())]


def all_formats() -> list[str]:
    """The formats that any report has."""
    return [*FORMATS, *MEDIA_TYPES]


def described(report: Report) -> View:
    """What a report is, for who wants to ask for it."""
    return {
        "name": report.name,
        "title": report.title,
        "titleKorean": report.title_korean,
        "description": report.description,
        "asOf": report.as_of,
        "groupings": {name: [to_camel(key.name) for key in keys] for name, keys in report.groupings.items()},
        "formats": formats_of(report),
        "columns": [
            {"name": to_camel(column.name), "kind": column.kind, "meaning": column.meaning}
            for column in dict.fromkeys(each for name in report.groupings for each in report.columns_by(name))
        ],
    }


def _one_of(name: str, value: str, allowed: Sequence[str], report: Report, of: str | None = None) -> str:
    if value not in allowed:
        which = f"the report {report.name}" + (f" as {of}" if of else "")
        raise invalid(f"/{name}", f"{name} of {which} is one of: {'; '.join(allowed)}.")
    return value


def _flag(name: str, given: Mapping[str, str]) -> bool:
    value = given.get(name, "false")
    if value not in TRUTH:
        raise invalid(f"/{name}", f"{name} is true or false.")
    return TRUTH[value]


class ReportDesk:
    """Answers questions for reports."""

    def __init__(self, reports: Reports, past: Past) -> None:
        self._reports = reports
        self._past = past

    @asynccontextmanager
    async def open(self, question: Question, caller: Caller, freshness: Freshness) -> AsyncIterator[OpenReport]:
        """What the answer is made of. Raises as `produce`."""
        asked = question.asked
        check_visible(asked.accommodation_id, caller)
        await self._check_reached(asked.position)
        try:
            async with self._reports.open(asked, freshness) as opened:
                yield opened
        except NoSuchFolio as error:
            raise invalid("/folioId", str(error)) from error

    @asynccontextmanager
    async def books(
        self, accommodation_id: str, first: date, last: date, position: int | None
    ) -> AsyncIterator[Snapshot]:
        """What the journal of a period is made of. Raises as `produce`."""
        await self._check_reached(position)
        async with self._reports.snapshot(
            accommodation_id, first, last, Freshness(), position, tables=TABLES
        ) as snapshot:
            yield snapshot

    async def _check_reached(self, position: int | None) -> None:
        if position is not None:
            await self._past.position(PointInLog(position=position))

    async def produce(self, question: Question, caller: Caller, freshness: Freshness) -> Produced:
        """The answer, of which the first bytes are there, so that what may fail has failed.

        Raises Problem, NotCaughtUp, TooBusy, StoreUnavailable.
        """
        async with AsyncExitStack() as leaving:
            opened = await leaving.enter_async_context(self.open(question, caller, freshness))
            chunks = _chunks(question, opened)
            first = await anext(chunks, b"")
            reading = leaving.pop_all()
        return Produced(opened.position, media_type_of(question.format), _after(first, chunks), reading)


async def _after(first: bytes, chunks: AsyncIterator[bytes]) -> AsyncIterator[bytes]:
    yield first
    async for chunk in chunks:
        yield chunk


def media_type_of(format_: str) -> str:
    """The media type of answers in a format."""
    return MEDIA_TYPES.get(format_) or FORMATS[format_].media_type  # type: ignore[call-overload]


def _chunks(question: Question, opened: OpenReport) -> AsyncIterator[bytes]:
    """The answer. Where a format has one table only, an explanation is that of the events."""
    rows = Table("rows", opened.rows.columns, opened.rows.batches)
    header = header_of(opened)
    if question.format in MEDIA_TYPES:
        return _picture(question, opened, rows)
    if opened.events is None:
        tables = [rows]
    elif question.format == JSON:
        return write_json(header, rows, Table("events", opened.events.columns, opened.events.batches, "eventColumns"))
    else:
        tables = [Table("events", opened.events.columns, opened.events.batches)]
    chosen = FORMATS[question.format]
    write = chosen.write_marked if question.bom and chosen.write_marked else chosen.write
    return write(header, *tables)


def header_of(opened: OpenReport) -> Mapping[str, Any]:
    """What stands before the rows."""
    asked = opened.asked
    return {
        "report": asked.report.name,
        "title": asked.report.title,
        "accommodationId": asked.accommodation_id,
        "from": None if asked.report.as_of else asked.first,
        "to": asked.last,
        "groupBy": asked.grouping,
        "folioId": asked.folio_id,
        "currency": opened.currency,
        "position": opened.position,
    }


async def _picture(question: Question, opened: OpenReport, table: Table) -> AsyncIterator[bytes]:
    chart, asked = question.report.chart, opened.asked
    assert chart is not None
    names = table.names
    rows = [dict(zip(names, row, strict=True)) async for batch in table.batches for row in batch]
    answer = ReportAnswer(
        asked.report.title,
        asked.report.title_korean,
        asked.accommodation_id,
        None if asked.report.as_of else asked.first,
        asked.last,
        opened.currency,
        opened.position,
        rows,
    )
    form: Form = "svg" if question.format == SVG else "png"
    yield await asyncio.to_thread(draw, chart.kind, answer, form)
