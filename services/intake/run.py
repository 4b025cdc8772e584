"""`folio import`: from a file's name to what came of it, or to the reason why it could not be."""

import asyncio
import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import BinaryIO, Protocol

from rich.console import Console

from services.billing.ports import StoreUnavailable, TooBusy
from services.desk.desk import Desk
from services.intake.formats import READERS
from services.intake.importer import Importer, Summary
from services.intake.lines import ImportFailed, check_encoding
from services.intake.progress import ImportProgress
from services.intake.rejects import RejectsFile

__all__ = ["ImportFailed", "Summary", "check_files", "import_file"]

READY_SECONDS_MAX = 30.0
READY_PAUSE_SECONDS = 0.05
AGAIN = "Run the same command again: it goes on where it stopped and adds nothing twice."


class Service(Protocol):
    """What an import needs of the service; `trouble` is what keeps it from working, None when nothing does."""

    desk: Desk
    trouble: str | None


def check_files(file: Path, rejects: Path) -> None:
    """Raise ImportFailed for a file that is not there or of no known format, or rejects that would replace it."""
    if file.is_dir():
        raise ImportFailed(f"{file} is a folder; name a file.")
    if not file.is_file():
        raise ImportFailed(f"There is no file {file}.")
    if file.suffix.lower() not in READERS:
        raise ImportFailed(f"{file} is neither .csv nor .jsonl, the formats that services/intake/FORMAT.md describes.")
    if rejects.exists() and rejects.samefile(file):
        raise ImportFailed(f"The rejects would replace {file}; name another file with --rejects.")


async def import_file(service: Service, file: Path, rejects: Path, console: Console) -> Summary:
    """Import a file through the service's commands and say what came of it; progress goes to the console.

    `rejects` is written when there are any. Cancelled, it says how far it came. Raises ImportFailed.
    """
    check_files(file, rejects)
    await _wait_until_ready(service)
    importer: Importer | None = None
    try:
        with (
            _opened(file) as opened,
            RejectsFile(rejects) as rejects_file,
            ImportProgress(console, file.name, os.fstat(opened.fileno()).st_size) as progress,
        ):
            importer = Importer(service.desk, rejects_file, progress)
            await importer.import_all(READERS[file.suffix.lower()](opened))
            return importer.summary
    except asyncio.CancelledError:
        console.print(_stopped("Stopped.", importer), markup=False, highlight=False, soft_wrap=True)
        raise
    except OSError as error:
        raise ImportFailed(f"{file} cannot be read: {error.strerror}.") from error
    except ExceptionGroup as group:
        raise _explained(group.exceptions[0], file, importer) from group


@contextmanager
def _opened(file: Path) -> Iterator[BinaryIO]:
    """The file, once its encoding is known to be right."""
    with file.open("rb") as opened:
        check_encoding(opened)
        yield opened


async def _wait_until_ready(service: Service) -> None:
    try:
        async with asyncio.timeout(READY_SECONDS_MAX):
            while service.trouble is not None:  # noqa: ASYNC110  # a service gives nothing to wait on
                await asyncio.sleep(READY_PAUSE_SECONDS)
    except TimeoutError:
        raise ImportFailed(f"Nothing was imported: {service.trouble}.") from None


def _explained(cause: Exception, file: Path, importer: Importer | None) -> Exception:
    """What ended an import, as a message for who started it; what this program did not expect as it is."""
    match cause:
        case StoreUnavailable():
            return ImportFailed(_stopped("The database does not answer any more.", importer))
        case TooBusy():
            return ImportFailed(_stopped("The database is too busy.", importer))
        case OSError():
            return ImportFailed(_stopped(f"{file} cannot be read on: {cause.strerror}.", importer))
        case _:
            return cause


def _stopped(why: str, importer: Importer | None) -> str:
    return f"{why} {AGAIN}" if importer is None else f"{why} So far: {importer.summary.text()} {AGAIN}"
