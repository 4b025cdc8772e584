"""Explanations of reports: the events of each row, which must add up to it."""

from collections import Counter, defaultdict
from collections.abc import Iterable, Sequence
from itertools import groupby
from typing import Any

from projections.report import Report
from projections.report_reading import Snapshot
from tests.properties.feed_books import conversion
from tests.properties.report_answers import Answers, Rows, events_of


async def check_explained(snapshot: Snapshot, report: Report, grouping: str, rows: Rows) -> None:
    """The events of each row add up to it, and there are none of a row that is not there."""
    keys = [column.name for column in report.groupings[grouping]]
    adding = [column.name for column in report.columns if column.adds]
    events = await events_of(snapshot, report, grouping)
    said = {tuple(row[name] for name in keys): {name: row[name] for name in adding} for row in rows}
    assert len(said) == len(rows), (report.name, grouping)
    found = sums(events, keys, adding)
    for key in said.keys() | found.keys():
        assert found.get(key, dict.fromkeys(adding, 0)) == said.get(key, dict.fromkeys(adding, 0)), (
            report.name, grouping, key, rows, events,
        )  # fmt: skip
    in_order = [key for key, _ in groupby(tuple(event[name] for name in keys) for event in events)]
    assert [key for key in in_order if key in said] == [key for key in said if key in found], (report.name, grouping)
    check_more_columns(report, grouping, rows, events)
    if report.name == "ledger-balance":
        check_balances(rows, events, keys)
    if report.name == "payment-requests":
        check_times(rows, events, keys)


def check_payments(answers: Answers) -> None:
    """The payments of a period have the net takings of its days, method by method."""
    listed, taken = Counter[str](), Counter[str]()
    for row in answers["payments", "payment"]:
        listed[row["payment_method"]] += row["net"]
    for row in answers["daily-takings", "method"]:
        taken[row["payment_method"]] += row["net"]
    assert listed == taken


def sums(events: Rows, keys: Sequence[str], adding: Iterable[str]) -> dict[tuple[Any, ...], dict[str, int]]:
    """The amounts of events by their keys."""
    found: dict[tuple[Any, ...], dict[str, int]] = defaultdict(lambda: dict.fromkeys(adding, 0))
    for event in events:
        of_key = found[tuple(event[name] for name in keys)]
        for name in adding:
            of_key[name] += event[name]
    return dict(found)


def check_more_columns(report: Report, grouping: str, rows: Rows, events: Rows) -> None:
    """What only some rows have adds up, too, and is nothing where no event says anything."""
    keys = [column.name for column in report.groupings[grouping]]
    shown = {column.name for column in report.columns_by(grouping)}
    for name in [column.name for column in report.explained_by if column.name in shown]:
        for row in rows:
            of_row = [event for event in events if all(event[key] == row[key] for key in keys)]
            said = [event[name] for event in of_row if event[name] is not None]
            assert (sum(said) if said else None) == row[name], (report.name, grouping, name, row)


def check_times(rows: Rows, events: Rows, keys: Sequence[str]) -> None:
    """A ratio and a median are made of their row's events."""
    for row in rows:
        of_row = [event for event in events if all(event[key] == row[key] for key in keys)]
        seconds = sorted(event["seconds"] for event in of_row if event["seconds"] is not None)
        sent, paid = (sum(event[name] for event in of_row) for name in ("sent", "paid_of_sent"))
        assert len(seconds) == paid
        assert row["seconds_to_pay"] == (seconds[(paid + 1) // 2 - 1] if paid else None)
        assert row["conversion"] == conversion(sent, paid)


def check_balances(rows: Rows, events: Rows, keys: Sequence[str]) -> None:
    """An opening is the effects of all events of earlier days, a closing those of its own day as well."""
    for row in rows:
        of_folio = [event for event in events if event.get("folio_id") == row.get("folio_id")]
        if "business_date" in keys:
            day = row["business_date"]
            assert row["opening"] == sum(event["balance_effect"] for event in of_folio if event["business_date"] < day)
            of_folio = [event for event in of_folio if event["business_date"] <= day]
        assert row["closing"] == sum(event["balance_effect"] for event in of_folio)
        flows = row["charges"] - row["payments"] + row["transfers"] + row["settlements"] + row["adjustments"]
        assert (row["closing"] - row["opening"], row["difference"]) == (flows, 0)
