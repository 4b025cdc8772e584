"""What `hledger` makes of journals: it reads and checks them, and says what every account held and how it changed."""

import csv
import io
import subprocess
from collections import defaultdict
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from datetime import date, timedelta
from decimal import Decimal
from pathlib import Path

SECONDS_MAX = 60
DAY = timedelta(days=1)
AS_TABLE = ("--layout=tidy", "--output-format=csv", "--no-total")
ByDay = Mapping[date, dict[str, Decimal]]


@dataclass
class Book:
    """The accounts of one journal by day: what each held when the day ended, and how it changed on it."""

    held: ByDay = field(default_factory=lambda: defaultdict(dict))
    changed: ByDay = field(default_factory=lambda: defaultdict(dict))

    def change(self, account: str, day: date) -> Decimal:
        """By how much this account and those below it changed on a day."""
        below = (each for name, each in self.changed[day].items() if name == account or name.startswith(f"{account}:"))
        return sum(below, Decimal())

    def holdings(self, account: str, day: date) -> dict[str, Decimal]:
        """What the accounts below this one held when a day had ended, other than nothing."""
        return {name: each for name, each in self.held[day].items() if each and name.startswith(f"{account}:")}


def books_of(journals: Mapping[str, str], begins: date, ends: date, file: Path) -> Mapping[str, Book]:
    """Journals by their names, read all at once, on each of these days; `file` is where they are written together."""
    with file.open("w", encoding="utf-8") as together:
        for name, journal in journals.items():
            together.write(f"apply account {name}\n{journal}\nend apply account\n\n")
    assert hledger(file, "check", "--strict") == ""
    books: Mapping[str, Book] = defaultdict(Book)
    every_day = ("balance", "--flat", "--daily", "--begin", str(begins), "--end", str(ends + DAY))
    for name, account, day, value in _cells(hledger(file, *every_day, "--historical", *AS_TABLE)):
        books[name].held[day][account] = value
    for name, account, day, value in _cells(hledger(file, *every_day, *AS_TABLE)):
        books[name].changed[day][account] = value
    return books


def hledger(file: Path, *arguments: str) -> str:
    """Run a command on a journal that it must find nothing wrong with."""
    done = subprocess.run(
        ["hledger", "--file", str(file), *arguments],
        capture_output=True,
        encoding="utf-8",
        env={"LC_ALL": "C.UTF-8", "PATH": "/usr/bin:/bin:/usr/local/bin", "HOME": str(file.parent)},
        timeout=SECONDS_MAX,
        check=False,
    )
    assert (done.returncode, done.stderr) == (0, ""), done.stderr
    return done.stdout


def _cells(table: str) -> Iterator[tuple[str, str, date, Decimal]]:
    for row in csv.DictReader(io.StringIO(table)):
        name, _, account = row["account"].partition(":")
        yield name, account, date.fromisoformat(row["start_date"]), Decimal(row["value"])
