"""The days that a report or an export is asked for."""

from datetime import date

import pytest

from services.desk.period import period_of
from services.desk.problems import Problem


@pytest.mark.parametrize(
    ("first", "last"),
    [
        ("2026-11-22", "2026-11-22"),
        ("1970-01-01", "1974-12-31"),
        ("2195-01-01", "2199-12-31"),
        ("2024-02-29", "2029-02-28"),
        ("2026-03-01", "2031-02-28"),
    ],
)
def test_a_period_is_its_first_and_last_day_up_to_five_years(first: str, last: str) -> None:
    assert period_of(first, last) == (date.fromisoformat(first), date.fromisoformat(last))


@pytest.mark.parametrize(
    "wrong",
    [
        "", "2026-11-2", "20261122", "2026-W48-1", "2026-11-22T00:00:00Z", " 2026-11-22", "2026-11-22\n", "today",
        "22.11.2026", "2026-02-30", "2026-00-01", "2025-02-29", "0000-01-01", "1969-12-31", "2200-01-01",
        "2026\N{EN DASH}11-22", "\uff12026-11-22",
    ],
)  # fmt: skip
def test_what_names_no_day_is_refused_where_it_stands(wrong: str) -> None:
    for first, last, pointer in ((wrong, "2026-11-22", "/from"), ("2026-11-22", wrong, "/to")):
        with pytest.raises(Problem) as refused:
            period_of(first, last)
        assert [fault.pointer for fault in refused.value.faults] == [pointer]
        assert refused.value.code == "INVALID_PARAMETER"


@pytest.mark.parametrize(
    ("first", "last", "said"),
    [
        ("2026-11-22", "2026-11-21", "would end on 2026-11-21, before it begins on 2026-11-22"),
        ("2026-01-01", "2031-01-01", "over 5 years"),
        ("2024-02-29", "2029-03-01", "over 5 years"),
    ],
)
def test_a_reversed_period_and_one_of_more_than_five_years_are_refused(first: str, last: str, said: str) -> None:
    with pytest.raises(Problem, match=said) as refused:
        period_of(first, last)
    assert [fault.pointer for fault in refused.value.faults] == ["/to"]
