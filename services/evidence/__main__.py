"""`python -m services.evidence PACKAGE --key FILE`: checks a proof offline, without the service."""

import argparse
import sys
from collections.abc import Sequence
from pathlib import Path

from services.evidence.keys import BadKey, read_public_keys
from services.evidence.printable import printable
from services.evidence.verification import Verdict, verify

HOLDS, FAULTY, UNCHECKED = 0, 1, 2
PACKAGE_BYTES_MAX = 512 * 1024 * 1024
TOLD_MAX = 20
DESCRIPTION = """Check the proof of a folio offline: every event's link, the way to the root, the signature.
Ends with status 0 when all holds, 1 when something is wrong, 2 when something could not be checked."""


def check(path: Path, key_paths: Sequence[Path]) -> tuple[int, str]:
    """The exit status for a proof in a file, and what to tell."""
    try:
        keys = [key for key_path in key_paths for key in read_public_keys(key_path)]
        size = path.stat().st_size
        if size > PACKAGE_BYTES_MAX:
            return UNCHECKED, f"Could not check: {path} is larger than {PACKAGE_BYTES_MAX} bytes."
        text = path.read_bytes()
    except BadKey as error:
        return UNCHECKED, f"Could not check: {error}"
    except OSError as error:
        return UNCHECKED, f"Could not check: {path} cannot be read: {error.strerror}."
    status, lines = _told(verify(text, keys))
    return status, "\n".join(map(printable, lines))


def _told(verdict: Verdict) -> tuple[int, list[str]]:
    if verdict.faults:
        told = [f"WRONG: {fault}." for fault in verdict.faults[:TOLD_MAX]]
        if len(verdict.faults) > TOLD_MAX:
            told.append(f"... and {len(verdict.faults) - TOLD_MAX} more.")
        return FAULTY, [*told, *_unchecked(verdict), "The package does not prove anything."]
    if not verdict.holds or verdict.package is None:
        return UNCHECKED, _unchecked(verdict)
    package, checkpoint = verdict.package, verdict.package.checkpoint
    return HOLDS, [
        f"Folio {package.folio_id}: {len(package.links)} events, positions {package.links[0].position} to"
        f" {package.links[-1].position}, nothing altered, left out or added.",
        f"They are all its events up to position {checkpoint.position} of the log: checkpoint {checkpoint.number},"
        f" made {checkpoint.made_at}, signed with key {checkpoint.key_id}.",
    ]


def _unchecked(verdict: Verdict) -> list[str]:
    return [f"Could not check: {each}." for each in verdict.unchecked]


def main(arguments: Sequence[str] | None = None) -> int:
    """Check what the arguments name; returns the exit status."""
    parser = argparse.ArgumentParser("python -m services.evidence", description=DESCRIPTION)
    parser.add_argument("package", type=Path, metavar="PACKAGE", help="the proof, as GET /v1/folios/ID/proof gives it")
    parser.add_argument("--key", type=Path, metavar="FILE", action="append", required=True,
                        help="a public key that you trust, as PEM; may be given several times")  # fmt: skip
    given = parser.parse_args(arguments)
    status, told = check(given.package, given.key)
    sys.stdout.write(told + "\n")
    return status


if __name__ == "__main__":
    sys.exit(main())
