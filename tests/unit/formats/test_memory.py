"""A million rows leave in constant memory, whatever the format."""

import subprocess
import sys

import pytest

from services.desk.formats.choice import FORMATS

MEBIBYTE = 2**20
ROWS = 1_000_000


@pytest.mark.parametrize("name", FORMATS)
def test_a_million_rows_take_less_than_200_mebibytes(name: str) -> None:
    """In a process of its own: what a process has taken at its peak, it cannot forget."""
    command = [sys.executable, "-m", "tests.unit.formats.million", name, str(ROWS)]
    done = subprocess.run(command, capture_output=True, text=True, timeout=120, check=True)
    peak, size = map(int, done.stdout.split())
    assert peak < 200 * MEBIBYTE
    assert size > 5 * ROWS
