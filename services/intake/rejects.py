"""The rejects file: bills that were not imported, to be repaired and imported from there."""

import contextlib
import os
from pathlib import Path
from types import TracebackType
from typing import BinaryIO, Self

from services.intake.bills import Reject
from services.intake.lines import ImportFailed


class RejectsFile:
    """Is made with the first reject. One of an earlier run is kept beside it as `.bak`: it may hold repairs."""

    def __init__(self, path: Path) -> None:
        """Take where the file goes. Raises ImportFailed when it cannot be made there."""
        self._path = path
        self._file: BinaryIO | None = None
        if path.is_dir() or not path.parent.is_dir() or not os.access(path.parent, os.W_OK):
            raise ImportFailed(f"Rejects cannot be written to {path}; name another file with --rejects.")

    def __enter__(self) -> Self:
        """Put an earlier file aside, so that what is there after this run is of this run."""
        if self._path.exists():
            self._path.replace(self._path.with_name(self._path.name + ".bak"))
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        if self._file is not None:
            with contextlib.suppress(OSError):  # a full disk, which `write` has told already
                self._file.close()

    def write(self, reject: Reject) -> Path:
        """Add a reject, in the file at once even if this program is killed; returns where. Raises ImportFailed."""
        try:
            if self._file is None:
                # Only for who imports: rows may hold account numbers, which the service itself keeps encrypted.
                descriptor = os.open(self._path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
                self._file = os.fdopen(descriptor, "wb")
            self._file.write(reject.encode() + b"\n")
            self._file.flush()
        except OSError as error:
            raise ImportFailed(f"Rejects cannot be written to {self._path}: {error.strerror}.") from error
        return self._path
