"""Where a command writes what it makes: the terminal's output, or a file that is there whole or not at all."""

import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from secrets import token_hex
from typing import IO

from services.terminal import fail


@contextmanager
def written_to(output: Path | None) -> Iterator[IO[bytes]]:
    """What to write to. A file is written beside the named one, and takes its place once all of it is there; it may be
    read by whom the umask lets.

    Whoever takes the terminal's output may stop taking it.
    """
    if output is None:
        try:
            yield sys.stdout.buffer
            sys.stdout.buffer.flush()
        except BrokenPipeError:
            os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())  # what is left cannot be flushed either
        return
    file = output.resolve()
    if file.exists() and not file.is_file():
        fail(f"{output} is no file.")
    try:
        place = file.with_name(f".{token_hex(8)}")
        with place.open("xb") as beside:
            try:
                yield beside
                beside.flush()
                os.fsync(beside.fileno())
                place.replace(file)
            except BaseException:
                place.unlink()
                raise
    except OSError as error:
        fail(f"{output} cannot be written: {error.strerror}.")
