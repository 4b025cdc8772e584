"""From the bytes of a file to its lines: numbered, limited in length, and UTF-8 or said not to be."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import BinaryIO

LINE_BYTES_MAX = 64 * 1024
HEAD_BYTES = 256 * 1024
"""How much of a file is looked at, before anything is imported, to tell its encoding."""

UTF8_MARK = b"\xef\xbb\xbf"
UTF16_MARKS = (b"\xff\xfe", b"\xfe\xff")
SAVE_AS = "save it as 'CSV UTF-8 (Comma delimited)' in Excel, or as UTF-8"


class ImportFailed(Exception):
    """The file cannot be imported, or not to its end. What came in before stays; the message says what to do."""


@dataclass(frozen=True)
class Line:
    """A line without its end; `end` is how many bytes of the file are read with it.

    `trouble` says why the line cannot be read; the text is then what could be made of it.
    """

    number: int
    end: int
    text: str
    trouble: str | None = None


def read_lines(file: BinaryIO) -> Iterator[Line]:
    """The lines that are not blank. However long a line is, no more than the limit is held of it."""
    number = end = 0
    while raw := file.readline(LINE_BYTES_MAX + 1):
        number += 1
        rest, end = raw, end + len(raw)
        while rest and not rest.endswith(b"\n"):
            rest = file.readline(LINE_BYTES_MAX)
            end += len(rest)
        if number == 1:
            raw = raw.removeprefix(UTF8_MARK)
        raw = raw.removesuffix(b"\n").removesuffix(b"\r")
        if raw.strip():
            yield Line(number, end, raw.decode(errors="replace"), _trouble_of(raw))


def check_encoding(file: BinaryIO) -> None:
    """Raise ImportFailed for a file that is empty or, by its first lines, written in another encoding.

    A single line that is not UTF-8 among others that are is that line's fault alone, and found by `read_lines`.
    """
    head = file.read(HEAD_BYTES)
    file.seek(0)
    if not head.removeprefix(UTF8_MARK).strip():
        raise ImportFailed("The file is empty.")
    if head.startswith(UTF16_MARKS):
        raise ImportFailed(f"The file is UTF-16 (Excel's 'Unicode Text'); {SAVE_AS}.")
    lines = head.split(b"\n")
    if len(head) == HEAD_BYTES:
        lines.pop()  # it may be cut in the middle of a character
    foreign = [number for number, line in enumerate(lines, 1) if not _reads_as("utf-8", line)]
    utf8 = any(not line.isascii() and _reads_as("utf-8", line) for line in lines)
    if foreign and not utf8 and all(_reads_as("cp949", lines[number - 1]) for number in foreign):
        raise ImportFailed(
            f"The file is not UTF-8: from line {foreign[0]} on it is CP949, which Korean Excel writes as plain 'CSV'."
            f" Nothing was imported; {SAVE_AS}."
        )


def _trouble_of(raw: bytes) -> str | None:
    if len(raw) > LINE_BYTES_MAX:
        return f"The line is longer than {LINE_BYTES_MAX // 1024} KiB."
    if b"\0" in raw:
        return "The line holds NUL bytes; the file is damaged, or not text."
    if not _reads_as("utf-8", raw):
        seems = "it seems to be CP949, which Korean Excel writes; " if _reads_as("cp949", raw) else ""
        return f"The line is not UTF-8; {seems}{SAVE_AS}."
    return None


def _reads_as(encoding: str, raw: bytes) -> bool:
    try:
        raw.decode(encoding)
    except UnicodeDecodeError:
        return False
    return True
