"""Whatever is altered in a proof is found, and told with the link that fails."""

import copy
import json
from collections.abc import Callable, Iterator
from typing import Any

import pytest

from services.evidence.checkpoint import Checkpoint, key_id_of
from services.evidence.package import Package
from services.evidence.verification import Verdict, verify
from tests.evidence.packages import KEY, OTHER_KEY, make_proof

MADE = make_proof()
DOCUMENT = MADE.document
UNKNOWN_VERSIONS = ("version", "chainVersion", "checkpoint/version")

Alter = Callable[[Any], Any]


def checked(document: Any) -> Verdict:
    """What is found in a document."""
    return verify(json.dumps(document).encode(), [KEY.public_key()])


def paths_in(value: Any, path: tuple[str | int, ...] = ()) -> Iterator[tuple[str | int, ...]]:
    """The place of every value in a document, those that hold others too."""
    if path:
        yield path
    items = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    for name, inner in items:
        yield from paths_in(inner, (*path, name))


def at(document: Any, path: tuple[str | int, ...]) -> Any:
    """The value at a place."""
    for name in path:
        document = document[name]
    return document


def named(path: tuple[str | int, ...]) -> str:
    """A place as text."""
    return "/".join(str(name) for name in path)


def others(value: Any) -> list[Any]:
    """Other values that could stand where one stands."""
    match value:
        case int():
            return [value + 1, value - 1, value * 10, float(value), str(value), None]
        case str():
            changed = [value + "0", value[:-1], value[1:], value.swapcase(), value[::-1], ""]
            flipped = [value[:i] + chr(ord(value[i]) ^ 1) + value[i + 1 :] for i in range(0, len(value), 7)]
            return [other for other in (*changed, *flipped, value + "\ud800", None, 7) if other != value]
        case list():
            return [value[:-1], value[1:], [*value, value[-1]], value[::-1], [*value, None], None, {}]
        case _:
            return [{**value, "more": 1}, None, [], {name: value[name] for name in list(value)[1:]}]


@pytest.mark.parametrize("path", list(paths_in(DOCUMENT)), ids=named)
def test_every_value_that_is_changed_is_found(path: tuple[str | int, ...]) -> None:
    for other in others(at(DOCUMENT, path)):
        document = copy.deepcopy(DOCUMENT)
        at(document, path[:-1])[path[-1]] = other
        verdict = checked(document)
        assert not verdict.holds, f"{named(path)} may be {other!r}"
        if not (isinstance(other, int) and named(path) in UNKNOWN_VERSIONS) and path != ("checkpoint", "keyId"):
            assert verdict.faults, f"{named(path)} as {other!r} is taken for what cannot be checked"


@pytest.mark.parametrize("path", [path for path in paths_in(DOCUMENT) if isinstance(path[-1], str)], ids=named)
def test_every_member_that_is_left_out_is_found(path: tuple[str | int, ...]) -> None:
    document = copy.deepcopy(DOCUMENT)
    del at(document, path[:-1])[path[-1]]
    assert checked(document).faults


@pytest.mark.parametrize("number", range(len(DOCUMENT["events"])))
def test_every_event_that_is_left_out_doubled_or_moved_is_found(number: int) -> None:
    events = DOCUMENT["events"]
    rest = [event for index, event in enumerate(events) if index != number]
    for altered in (
        rest,
        [*events, events[number]],
        [*events[:number], events[number], *events[number:]],
        [events[number], *rest] if number else [*rest, events[number]],
        events[:number],
    ):
        assert checked({**DOCUMENT, "events": altered}).faults


def test_the_link_that_fails_is_told() -> None:
    document = copy.deepcopy(DOCUMENT)
    document["events"][2]["payload"] = document["events"][2]["payload"].replace("12000", "11000")
    [fault] = checked(document).faults
    assert fault.startswith("link 3 (position 9, bill.added of ")
    assert fault.endswith("its hash is not that of its fields after link 2")


def test_a_chain_that_is_made_anew_without_its_last_event_is_found() -> None:
    package = MADE.package
    shorter = Package(
        package.folio_id, package.links[:-1], package.hashes[:-1], package.drawer, package.path, package.checkpoint
    )
    assert any("a link was left out" in fault for fault in checked(shorter.document()).faults)


def test_a_proof_that_somebody_else_signed_is_not_taken_for_one() -> None:
    package, theirs = MADE.package, OTHER_KEY
    checkpoint = Checkpoint(**{**vars(package.checkpoint), "key_id": key_id_of(theirs.public_key())}).signed(theirs)
    document = Package(**{**vars(package), "checkpoint": checkpoint}).document()
    verdict = checked(document)
    assert (verdict.holds, verdict.faults) == (False, [])
    assert "is signed with key" in verdict.unchecked[0]
    passed_off = {**document, "checkpoint": {**document["checkpoint"], "keyId": package.checkpoint.key_id}}
    assert checked(passed_off).faults


def test_the_proof_of_one_folio_is_none_of_another() -> None:
    assert checked({**DOCUMENT, "folioId": "FOLIO-2"}).faults


def test_a_document_that_ends_anywhere_is_damaged() -> None:
    for end in range(0, len(MADE.text), 37):
        verdict = verify(MADE.text[:end], [KEY.public_key()])
        assert verdict.faults
        assert "damaged or cut off" in verdict.faults[0]


@pytest.mark.parametrize(
    "text",
    [b"", b"null", b"[]", b"{}", b"7", b'"proof"', b"\xff\xfe", b"[" * 100_000, b"9" * 10_000, b'{"a":1,"a":2}'],
)
def test_what_is_no_proof_at_all_is_damaged(text: bytes) -> None:
    assert verify(text, [KEY.public_key()]).faults


def test_a_member_that_stands_twice_is_found() -> None:
    text = MADE.text.replace(b'"folioId":', b'"folioId": "FOLIO-2", "folioId":', 1)
    assert "twice" in verify(text, [KEY.public_key()]).faults[0]


@pytest.mark.parametrize("path", [("version",), ("chainVersion",), ("checkpoint", "version")], ids=named)
def test_a_version_that_is_not_known_could_not_be_checked(path: tuple[str, ...]) -> None:
    document = copy.deepcopy(DOCUMENT)
    at(document, path[:-1])[path[-1]] = 2
    verdict = checked(document)
    assert (verdict.faults, len(verdict.unchecked)) == ([], 1)
