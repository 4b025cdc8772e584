"""What checking the log can find."""

from dataclasses import dataclass
from enum import StrEnum
from typing import Any

from services.evidence.printable import printable

TEXT_MAX = 2_000
"""Characters of a sentence that are shown."""


class Kind(StrEnum):
    """The kinds of findings, each with its meaning in FORMAT.md's and domain.md's words."""

    EVENT_MISSING = "EVENT_MISSING"
    """A position of the log has no event."""
    EVENT_SURPLUS = "EVENT_SURPLUS"
    """A position has more than one event, or lies beyond the log's end."""
    EVENT_DIFFERS = "EVENT_DIFFERS"
    """An event, or its link, is not what was sealed."""
    TIME_GOES_BACK = "TIME_GOES_BACK"
    """An event was recorded before the one before it, or at another moment than it says itself."""
    VERSION_WRONG = "VERSION_WRONG"
    """The versions of a stream are not 1, 2, 3 and so on, in the order of positions."""
    LINK_MISSING = "LINK_MISSING"
    """An event before the last sealed one has no link."""
    LINK_SURPLUS = "LINK_SURPLUS"
    """A link has no event."""
    LINK_MISPLACED = "LINK_MISPLACED"
    """A link is in another chain than its event belongs to."""
    CHAIN_BROKEN = "CHAIN_BROKEN"
    """A link does not go on from the one before it."""
    CHECKPOINT_MISSING = "CHECKPOINT_MISSING"
    """A checkpoint is gone that another one, or the file of checkpoints, tells of."""
    CHECKPOINT_DIFFERS = "CHECKPOINT_DIFFERS"
    """A checkpoint is not as it was signed."""
    ROOT_DIFFERS = "ROOT_DIFFERS"
    """The chains do not lead to the root that was signed."""
    TREE_DIFFERS = "TREE_DIFFERS"
    """What is kept to make the next checkpoint quickly is not what the chains say."""
    KEY_DIFFERS = "KEY_DIFFERS"
    """A public key is not the one that its id names."""
    HEAD_DIFFERS = "HEAD_DIFFERS"
    """The row that says where the log ends says otherwise than the log."""
    ALIAS_DIFFERS = "ALIAS_DIFFERS"
    """A payment's id or a bill's code stands for another bill than the log says."""
    READ_MODEL_DIFFERS = "READ_MODEL_DIFFERS"
    """A row of a read model is not what the log says."""
    GUEST_NOT_FORGOTTEN = "GUEST_NOT_FORGOTTEN"
    """Personal data is there, or may be made, of a guest whom the log says to be forgotten."""
    CALLBACK_DIFFERS = "CALLBACK_DIFFERS"
    """A callback of the provider is not kept as it was received, or no more."""
    KEY_LOST = "KEY_LOST"
    """A folio's data key was destroyed, taken away or changed, and no event says that its guest was forgotten."""
    PROTECTION_MISSING = "PROTECTION_MISSING"
    """Something that keeps the log from being changed was taken away."""
    NOT_CHECKED = "NOT_CHECKED"
    """Something could not be checked, which is never taken for clean."""


@dataclass(frozen=True)
class Finding:
    """Something found, in a sentence, with the position of the log where it has one."""

    kind: Kind
    sentence: str
    position: int | None = None

    def __str__(self) -> str:
        return f"{self.kind}: {shown(self.sentence)}"

    def document(self) -> dict[str, Any]:
        """As JSON."""
        return {"kind": self.kind.value, "position": self.position, "sentence": shown(self.sentence)}


def shown(text: str) -> str:
    """A text with names that anybody may have put there, so that none of them commands the terminal."""
    return printable(text[:TEXT_MAX])


def stumbled(part: str, error: Exception) -> Finding:
    """That a part of the check could not go on."""
    lines = str(error).strip().split("\n")
    why = f"{type(error).__name__}: {lines[0]}" if lines[0] else type(error).__name__
    return Finding(Kind.NOT_CHECKED, f"{part}: the check ended at something that cannot be read: {why}")
