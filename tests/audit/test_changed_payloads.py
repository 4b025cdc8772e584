"""Every member of every kind of event, and every byte: whatever is changed in what was stored is found."""

import json
from collections.abc import Iterator
from typing import Any

import pytest

from services.audit.findings import Kind
from services.audit.whole import LogCheck
from tests.audit.sealed_log import Administrator, SealedLog, unprotected
from tests.audit.tampering import tamper

Path = tuple[str | int, ...]

UPDATE = "UPDATE ledger.events SET state = %(state)s WHERE notification_id = %(position)s"
BYTES = 60
"""How many places of each payload are changed, from its beginning to its end."""


def one_of_each_kind(administrator: Administrator) -> dict[int, dict[str, Any]]:
    """The position and payload of the newest event of each kind, which has the most members filled."""
    rows = administrator.execute(
        "SELECT DISTINCT ON (topic) notification_id, state FROM ledger.events ORDER BY topic, length(state) DESC"
    )
    return {position: json.loads(state) for position, state in rows}


def leaves(value: Any, path: Path = ()) -> Iterator[Path]:
    """The way to each value that holds no others, and to each that is empty."""
    inside = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    for name, each in inside:
        yield from leaves(each, (*path, name))
    if not inside:
        yield path


def changed(value: Any, path: Path, how: str) -> Any:
    """A copy in which the value at the end of the way is another one, or gone, or has another one beside it."""
    copy = json.loads(json.dumps(value))
    at = copy
    for name in path[:-1]:
        at = at[name]
    match how:
        case "changed":
            at[path[-1]] = {str: "x", int: 1, bool: True}.get(type(at[path[-1]]), "x")
            if at[path[-1]] == _at(value, path):
                at[path[-1]] = 0
        case "removed":
            del at[path[-1]]
        case _:
            at.update({"added": None}) if isinstance(at, dict) else at.append(None)
    return copy


def _at(value: Any, path: Path) -> Any:
    for name in path:
        value = value[name]
    return value


@pytest.mark.parametrize("how", ["changed", "removed", "added"])
def test_every_member_of_every_kind_of_event(sealed_log: SealedLog, administrator: Administrator, how: str) -> None:
    payloads = one_of_each_kind(administrator)
    ways = {position: list(leaves(payload)) for position, payload in payloads.items()}
    for number in range(max(map(len, ways.values()))):
        administrator.execute("SAVEPOINT whole")
        touched = {position: paths[number] for position, paths in ways.items() if number < len(paths)}
        with unprotected(administrator):
            for position, path in touched.items():
                state = json.dumps(changed(payloads[position], path, how), separators=(",", ":"), ensure_ascii=False)
                administrator.execute(UPDATE, {"state": state.encode(), "position": position})
        found = {each.position for each in sealed_log.look(administrator) if each.kind is Kind.EVENT_DIFFERS}
        assert found == touched.keys(), {position: touched[position] for position in touched.keys() - found}
        administrator.execute("ROLLBACK TO SAVEPOINT whole")


def test_single_bytes_of_every_event(sealed_log: SealedLog, administrator: Administrator) -> None:
    for place in range(BYTES):
        administrator.execute("SAVEPOINT whole")
        at = f"length(state) * {place} / {BYTES}"
        tamper(administrator, f"UPDATE ledger.events SET state = set_byte(state, {at}, get_byte(state, {at}) # 1)")
        found = [each for each in sealed_log.look(administrator) if each.kind is Kind.EVENT_DIFFERS]
        assert len(found) == sealed_log.head, place
        administrator.execute("ROLLBACK TO SAVEPOINT whole")


def test_what_is_read_from_a_position_on_is_found_there(sealed_log: SealedLog, administrator: Administrator) -> None:
    for position, found in ((sealed_log.head, True), (sealed_log.head - 1, False)):
        administrator.execute("SAVEPOINT whole")
        tamper(administrator, f"UPDATE ledger.events SET state = state || ' ' WHERE notification_id = {position}")
        check = LogCheck([sealed_log.key.public_key()], after=sealed_log.head - 1)
        findings = list(check.look(administrator, sealed_log.head, lambda name: None, lambda now, until: None))
        assert [each.kind for each in findings] == ([Kind.EVENT_DIFFERS] if found else [])
        assert check.extent.events == 1
        administrator.execute("ROLLBACK TO SAVEPOINT whole")
