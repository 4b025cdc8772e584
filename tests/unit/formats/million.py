"""Write many rows in a format, and print the peak of the process's memory and the size of the file, in bytes."""

import asyncio
import resource
import sys
from collections.abc import AsyncIterator, Sequence
from datetime import date
from pathlib import Path

from services.desk.formats.choice import FORMATS
from services.desk.formats.table import Row, Table
from tests.unit.formats.given import COLUMNS, HEADER

BATCH = 1_000


async def batches(rows: int) -> AsyncIterator[Sequence[Row]]:
    """So many rows, all different."""
    for start in range(0, rows, BATCH):
        yield [(date(2026, 5, 3), f"객실료 {number}", 1, 150_000 + number) for number in range(start, start + BATCH)]


async def size_of(name: str, rows: int) -> int:
    """How large the file is, which is thrown away as it comes."""
    written = FORMATS[name].write(HEADER, Table("rows", COLUMNS[:4], batches(rows)))
    return sum([len(chunk) async for chunk in written])


def peak() -> int:
    """The most memory that this process had; getrusage alone would count the process that started it."""
    status = Path("/proc/self/status")
    if status.exists():
        return next(int(line.split()[1]) * 1_024 for line in status.read_text().splitlines() if "VmHWM" in line)
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss


if __name__ == "__main__":
    size = asyncio.run(size_of(sys.argv[1], int(sys.argv[2])))
    print(peak(), size)
