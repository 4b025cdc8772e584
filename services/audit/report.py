"""What a check comes to: its exit status, and what it tells people and programs."""

from collections import Counter
from typing import Any

from services.audit.findings import Finding, Kind
from services.audit.whole import Extent

CLEAN, FOUND, UNCHECKED, INTERRUPTED = 0, 1, 2, 130
STATUSES = {CLEAN: "CLEAN", FOUND: "FOUND", UNCHECKED: "NOT_CHECKED", INTERRUPTED: "INTERRUPTED"}
TOLD_MAX = 100
"""Findings of a kind that are told; all are counted."""


class Report:
    """Counts what is found; told at the end, so that a bar on the terminal and the findings do not mix."""

    def __init__(self) -> None:
        self.interrupted = False
        self._counts: Counter[Kind] = Counter()
        self._kept: list[Finding] = []

    def add(self, finding: Finding) -> None:
        """Count it, and keep it unless there are too many of its kind."""
        self._counts[finding.kind] += 1
        if self._counts[finding.kind] <= TOLD_MAX:
            self._kept.append(finding)

    @property
    def status(self) -> int:
        """The exit status: 0 clean, 1 something was found, 2 something could not be checked, 130 interrupted."""
        if self.interrupted:
            return INTERRUPTED
        return FOUND if self._found else UNCHECKED if self._unchecked else CLEAN

    @property
    def _unchecked(self) -> int:
        return self._counts[Kind.NOT_CHECKED]

    @property
    def _found(self) -> int:
        return self._counts.total() - self._unchecked

    def text(self, extent: Extent) -> str:
        """For people: each finding in a line, and what they come to."""
        lines = [str(finding) for finding in self._kept]
        for kind, count in self._counts.items():
            if count > TOLD_MAX:
                lines.append(f"{kind}: {count:,} in all, {TOLD_MAX} of them told.")
        if self.interrupted:
            return "\n".join([*lines, "Stopped. What was not checked is not clean."])
        lines.append(f"{extent.events:,} events up to position {extent.position:,} were checked{_signed(extent)}.")
        if self._unchecked:
            lines.append(f"Could not check: {self._unchecked:,}, see NOT_CHECKED above. That is not clean.")
        lines.append(f"Findings: {self._found:,}." if self._found else "Nothing was found to be altered.")
        return "\n".join(lines)

    def document(self, extent: Extent) -> dict[str, Any]:
        """For programs."""
        checkpoint = extent.checkpoint
        return {
            "status": STATUSES[self.status],
            "events": extent.events,
            "position": extent.position,
            "notLinkedYet": extent.newer,
            "checkpoint": None if checkpoint is None else checkpoint.document(),
            "counts": {kind.value: count for kind, count in self._counts.items()},
            "findings": [finding.document() for finding in self._kept],
        }


def _signed(extent: Extent) -> str:
    newer = f" ({extent.newer:,} of them came meanwhile and are not linked yet)" if extent.newer else ""
    checkpoint = extent.checkpoint
    if checkpoint is None:
        return f"{newer}; no checkpoint was made yet"
    return f"{newer}; checkpoint {checkpoint.number} has signed them up to position {checkpoint.position:,}"
