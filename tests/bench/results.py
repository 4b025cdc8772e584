"""What measurements say: figures with their unit, the rounds that they come from, and where all that is kept."""

import json
from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

SCHEMA = 1


@dataclass(frozen=True)
class Effort:
    """How long to measure: seconds of a load, rounds of each, sizes to grow to.

    `folder` takes the databases, on a disk and not in memory; `say` takes what goes on.
    """

    seconds: int
    rounds: int
    bills: Sequence[int]
    folder: Path
    say: Callable[[str], None]


@dataclass(frozen=True)
class Figure:
    """A quantity of one contender or size (`of`): median, least and most of the rounds; None when none counts."""

    name: str
    unit: str
    of: str
    value: float | None
    least: float | None = None
    most: float | None = None


@dataclass
class Measurement:
    """One measurement: what was done under which conditions, and what came out, or why nothing did."""

    name: str
    title: str
    conditions: str
    figures: list[Figure] = field(default_factory=list)
    rounds: list[dict[str, Any]] = field(default_factory=list)
    failure: str | None = None

    @property
    def contenders(self) -> list[str]:
        """Whose figures there are, in the order of their appearance."""
        return list(dict.fromkeys(figure.of for figure in self.figures))

    @property
    def quantities(self) -> list[tuple[str, str]]:
        """Names and units of the figures, in the order of their appearance."""
        return list(dict.fromkeys((figure.name, figure.unit) for figure in self.figures))

    def figure(self, name: str, of: str) -> Figure | None:
        """The figure of a quantity, None when it was not measured."""
        return next((figure for figure in self.figures if (figure.name, figure.of) == (name, of)), None)


@dataclass
class Results:
    """A whole run: the machine and the versions, the options, the measurements in their order."""

    machine: dict[str, Any]
    options: dict[str, Any]
    measurements: list[Measurement]

    def find(self, name: str) -> Measurement | None:
        """A measurement that did not fail, None without one."""
        return next((each for each in self.measurements if each.name == name and each.failure is None), None)

    def write(self, file: Path) -> None:
        """Keep everything as JSON."""
        file.write_text(json.dumps({"schema": SCHEMA, **asdict(self)}, indent=2, ensure_ascii=False) + "\n", "utf-8")


def read_results(file: Path) -> Results:
    """What `write` has kept. Raises ValueError when it is of another form."""
    kept = json.loads(file.read_text("utf-8"))
    if not isinstance(kept, dict) or kept.get("schema") != SCHEMA:
        raise ValueError(f"{file} is no result of this version: run 'make bench' again.")
    measurements = [
        Measurement(**{**each, "figures": [Figure(**figure) for figure in each["figures"]]})
        for each in kept["measurements"]
    ]
    return Results(kept["machine"], kept["options"], measurements)
