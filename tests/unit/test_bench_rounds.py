"""How rounds of the benchmark become figures."""

import pytest

from tests.bench.failing import CannotMeasure
from tests.bench.loader import read_result
from tests.bench.rounds import Round, figures_of, percentile

WRK = """Running 1s test @ http://127.0.0.1:8080
  32 threads and 32 connections
{errors}Requests/sec:   1234.56
RESULT 1234 {refused} 1.002 12345 67890
"""


def one(of: str, per_second: float, refused: int = 0, p99: float = 10.0) -> Round:
    """A round of which only this matters."""
    return Round(of, 1, per_second, 1.0, p99, refused, 0.5, 0.25, 64.0)


def test_the_loaders_last_line_is_read_in_its_units() -> None:
    """Microseconds become milliseconds; the rate is of the seconds that the loader measured."""
    load = read_result(WRK.format(errors="", refused=0))
    assert (load.requests, load.refused, load.p50_milliseconds, load.p99_milliseconds) == (1234, 0, 12.345, 67.89)
    assert load.per_second == pytest.approx(1234 / 1.002)


def test_a_request_without_an_answer_is_as_bad_as_a_refused_one() -> None:
    """Time-outs and broken connections count with the answers other than 2xx."""
    errors = "  Socket errors: connect 1, read 2, write 3, timeout 4\n"
    assert read_result(WRK.format(errors=errors, refused=5)).refused == 15


@pytest.mark.parametrize("output", ["", "unable to connect to 127.0.0.1:1", "RESULT 1 2 3", "RESULT a b c d e"])
def test_output_without_a_result_is_told_as_it_was_said(output: str) -> None:
    """What the loader said is the reason that is shown."""
    with pytest.raises(CannotMeasure, match=output or "RESULT"):
        read_result(output)


def test_the_median_comes_with_the_least_and_the_most_of_the_rounds() -> None:
    """Not their mean, and not the last one."""
    found = figures_of([one("folio", 300), one("folio", 100), one("folio", 110)])
    throughput = next(figure for figure in found if figure.name == "throughput")
    assert (throughput.value, throughput.least, throughput.most) == (110, 100, 300)


def test_a_round_with_a_refused_request_does_not_count() -> None:
    """Neither in the median nor in the spread."""
    found = figures_of([one("folio", 100), one("folio", 900, refused=1), one("folio", 120)])
    throughput = next(figure for figure in found if figure.name == "throughput")
    assert (throughput.value, throughput.least, throughput.most) == (110, 100, 120)


def test_ratios_are_of_the_medians_and_missing_when_no_round_counts() -> None:
    """A contender that was refused in every round is shown without figures, and so is what is compared with it."""
    rounds = [one("folio", 400, p99=5.0), one("crud", 100, p99=20.0), one("plain", 900, refused=1)]
    found = {(figure.name, figure.of): figure.value for figure in figures_of(rounds, "crud")}
    assert found["throughput, against crud", "folio"] == 4
    assert found["p99, against crud", "folio"] == 0.25
    assert found["throughput", "plain"] is None
    assert found["throughput, against crud", "plain"] is None
    against_nothing = [figure.value for figure in figures_of(rounds, "plain") if "against" in figure.name]
    assert against_nothing == [None] * 9


@pytest.mark.parametrize(("percent", "value"), [(0, 1), (1, 1), (50, 50), (99, 99), (99.5, 100), (100, 100)])
def test_a_percentile_is_one_of_the_values(percent: float, value: float) -> None:
    """The least that so many percent do not exceed."""
    assert percentile([float(number) for number in range(100, 0, -1)], percent) == value


def test_there_is_no_percentile_of_nothing() -> None:
    """An empty sample is a fault, not a zero."""
    with pytest.raises(ValueError, match="nothing"):
        percentile([], 50)
