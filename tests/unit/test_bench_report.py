"""What the benchmark's results become: a file, and the README's section about speed."""

from pathlib import Path

import pytest

from tests.bench.filling import COPIES_MAX, marks_of
from tests.bench.report import BEGIN, END, README, put_between, section
from tests.bench.results import Figure, Measurement, Results, read_results

MACHINE = {
    "cores": 2,
    "cpu": "Some CPU",
    "kernel": "Linux 6.1",
    "python": "3.11.7",
    "postgresql": "18",
    "commit": "abc123+",
    "date": "2026-11-22T03:00:00+00:00",
}
WRITING = Measurement(
    "writing",
    "Add a bill",
    "32 connections",
    [
        Figure("throughput", "1/s", "folio", 2345.6, 2000.0, 2500.0),
        Figure("throughput", "1/s", "crud", 456.7, 400.0, 500.0),
        Figure("p99", "ms", "folio", None),
    ],
    [{"of": "folio", "per_second": 2345.6}],
)
RESULTS = Results(
    MACHINE,
    {"seconds": 6, "rounds": 3, "bills": [10_000]},
    [WRITING, Measurement("paying", "Add a payment", "", failure="CannotMeasure: it broke\nand said more")],
)


def test_results_are_read_as_they_were_written(tmp_path: Path) -> None:
    """Rounds, conditions and failures included."""
    RESULTS.write(tmp_path / "results.json")
    assert read_results(tmp_path / "results.json") == RESULTS


def test_results_of_another_form_are_refused(tmp_path: Path) -> None:
    """Such as those of an earlier version."""
    (tmp_path / "results.json").write_text('{"machine": {}, "rounds": []}')
    with pytest.raises(ValueError, match="run 'make bench' again"):
        read_results(tmp_path / "results.json")


def test_the_section_shows_figures_conditions_and_what_failed() -> None:
    """A line per quantity, a column per contender, the machine before, the reason where nothing was measured."""
    made = section(RESULTS, "chart.png")
    assert "3 rounds of 6 seconds, on 2 cores (Some CPU), Linux 6.1, Python 3.11.7, PostgreSQL 18" in made
    assert "commit abc123+, 2026-11-22" in made
    assert "![Throughput, latency, lag and growth](chart.png)" in made
    assert "**Add a bill** — 32 connections.\n\n| | folio | crud |\n|---|---:|---:|\n" in made
    assert "| throughput (1/s) | 2,346 | 457 |\n| p99 (ms) | no round counts |  |" in made
    assert "**Add a payment**: not measured (CannotMeasure: it broke)" in made


def test_the_section_names_no_chart_that_is_not_there() -> None:
    """A run whose measurements failed draws none."""
    assert "![" not in section(RESULTS, None)


def test_only_what_stands_between_the_markers_changes() -> None:
    """Writing it twice is writing it once."""
    text = f"before\n\n{BEGIN}\nold\n{END}\n\nafter\n"
    once = put_between(text, "new\n")
    assert once == f"before\n\n{BEGIN}\n\nnew\n\n{END}\n\nafter\n"
    assert put_between(once, "new\n") == once


@pytest.mark.parametrize("text", ["", BEGIN, END, f"{END}\n{BEGIN}", f"{BEGIN}\n{END}\n{BEGIN}\n{END}"])
def test_a_text_without_its_two_markers_is_refused(text: str) -> None:
    """Rather than losing a part of the README."""
    with pytest.raises(ValueError, match="needs one line"):
        put_between(text, "new")


def test_the_readme_has_its_markers() -> None:
    """Else the next run could not write into it."""
    assert "new" in put_between(README.read_text("utf-8"), "new")


def test_every_copy_of_bills_has_ids_of_its_own() -> None:
    """No two copies share an id's beginning or a code's day, and none has those of ids made nowadays."""
    marks = [marks_of(copy) for copy in range(1, COPIES_MAX + 1)]
    assert len({mark["ulid"] for mark in marks}) == len({mark["day"] for mark in marks}) == COPIES_MAX
    assert {len(mark["ulid"]) for mark in marks} == {5}
    assert max(mark["ulid"] for mark in marks) < "01"
    assert max(mark["day"] for mark in marks) < "26"
    with pytest.raises(ValueError, match="numbered from 1"):
        marks_of(COPIES_MAX + 1)
