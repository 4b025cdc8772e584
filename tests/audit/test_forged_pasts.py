"""Forgeries of more than one row: events put in, swapped and cut out, with the evidence forged as far as it can be."""

import json
from collections.abc import Callable
from pathlib import Path

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from services.audit.findings import Kind
from services.store.anchoring import AnchorFile
from tests.audit.sealed_log import Administrator, SealedLog
from tests.audit.tampering import drop_constraints, restored, seal_anew, sign_again, tamper

MIDDLE = 20
FORGE_AN_AMOUNT = """
    UPDATE ledger.events
       SET state = convert_to(replace(convert_from(state, 'UTF8'), '"total_amount":1000', '"total_amount":1'), 'UTF8')
     WHERE notification_id = (SELECT min(notification_id) FROM ledger.events
                               WHERE convert_from(state, 'UTF8') LIKE '%"folio_id":"FOLIO-A"%"total_amount":1000%')
"""
SHIFT = (
    f"UPDATE ledger.{{table}} SET {{column}} = -({{column}} + {{by}}) WHERE {{column}} > {MIDDLE}",
    "UPDATE ledger.{table} SET {column} = -{column} WHERE {column} < 0",
)
INSERT = """
    INSERT INTO ledger.events
    SELECT {position}, 'forged', 1, topic, state, recorded_at FROM ledger.events WHERE notification_id = {like}
"""
SWAP = """
    UPDATE ledger.events AS one SET {swap} FROM ledger.events AS other
     WHERE (one.notification_id, other.notification_id) IN (({one}, {other}), ({other}, {one}))
"""
TAIL = "SELECT max(notification_id) - 5 FROM ledger.events"
MOVE_HEAD = """
    UPDATE ledger.log_head SET (position, recorded_at) =
           (SELECT notification_id, recorded_at FROM ledger.events ORDER BY notification_id DESC LIMIT 1)
"""
SECOND = "SELECT position FROM ledger.checkpoints WHERE number = 2"
IN_FOLIO_A = "convert_from(state, 'UTF8') LIKE '%\"folio_id\":\"FOLIO-A\"%'"
RENUMBERED = """
    UPDATE ledger.{table} AS old SET {column} = new.number
      FROM (SELECT {column} AS position, row_number() OVER (ORDER BY {column}) AS number FROM ledger.{table}) AS new
     WHERE new.position = old.{column}
"""


@pytest.fixture
def other_key() -> Ed25519PrivateKey:
    """A key that nobody trusts."""
    return Ed25519PrivateKey.generate()


def shifted(table: str, column: str, by: int) -> list[str]:
    """Statements that move the positions behind the middle."""
    return [each.format(table=table, column=column, by=by) for each in SHIFT]


def test_an_event_that_is_put_in_at_the_end(sealed_log: SealedLog, administrator: Administrator) -> None:
    inserted = INSERT.format(position=sealed_log.head + 1, like=sealed_log.head)
    tamper(administrator, inserted)
    assert Kind.HEAD_DIFFERS in sealed_log.kinds(administrator)
    tamper(administrator, f"UPDATE ledger.log_head SET position = {sealed_log.head + 1}")
    assert sealed_log.kinds(administrator) == set()  # to the evidence it is one that is still to be linked
    (unlinked,) = SealedLog(sealed_log.conninfo, sealed_log.key, sealed_log.head + 1).look(administrator)
    assert (unlinked.kind, unlinked.position) == (Kind.NOT_CHECKED, sealed_log.head + 1)


@pytest.mark.parametrize("with_links", [False, True])
def test_an_event_that_is_put_in_between(
    sealed_log: SealedLog, administrator: Administrator, *, with_links: bool
) -> None:
    statements = shifted("events", "notification_id", 1)
    if with_links:
        statements += shifted("links", "position", 1)
    statements += [
        INSERT.format(position=MIDDLE + 1, like=MIDDLE),
        "UPDATE ledger.log_head SET position = position + 1",
    ]
    tamper(administrator, *statements)
    assert Kind.EVENT_DIFFERS in sealed_log.kinds(administrator)


@pytest.mark.parametrize("columns", ["topic, state", "recorded_at", "originator_id, originator_version", "state"])
@pytest.mark.parametrize(("one", "other"), [(1, 10), (MIDDLE, MIDDLE + 1), (5, 60)])
def test_two_events_that_are_swapped(
    sealed_log: SealedLog, administrator: Administrator, columns: str, one: int, other: int
) -> None:
    drop_constraints(administrator, "events")
    swap = ", ".join(f"{column} = other.{column}" for column in columns.split(", "))
    tamper(administrator, SWAP.format(swap=swap, one=one, other=other))
    found = {each.position for each in sealed_log.look(administrator) if each.kind is Kind.EVENT_DIFFERS}
    assert found == {one, other}


def test_two_events_that_change_places(sealed_log: SealedLog, administrator: Administrator) -> None:
    moves = ((MIDDLE, 0), (MIDDLE + 1, MIDDLE), (0, MIDDLE + 1))
    for table, column in (("events", "notification_id"), ("links", "position")):
        tamper(administrator, *(f"UPDATE ledger.{table} SET {column} = {to} WHERE {column} = {at}" for at, to in moves))
        found = {each.position for each in sealed_log.look(administrator) if each.kind is Kind.EVENT_DIFFERS}
        assert found == {MIDDLE, MIDDLE + 1}


@pytest.mark.parametrize("renumbered", [False, True])
def test_a_whole_folio_that_is_removed(
    sealed_log: SealedLog, administrator: Administrator, *, renumbered: bool
) -> None:
    statements = [
        "DELETE FROM ledger.links WHERE chain = 'folio/FOLIO-A'",
        "DELETE FROM ledger.heads WHERE chain = 'folio/FOLIO-A'",
        f"DELETE FROM ledger.aliases WHERE stream IN (SELECT originator_id FROM ledger.events WHERE {IN_FOLIO_A})",
        f"DELETE FROM ledger.events WHERE {IN_FOLIO_A}",
    ]
    tamper(administrator, *statements)
    kinds = sealed_log.kinds(administrator)
    assert {Kind.EVENT_MISSING, Kind.ROOT_DIFFERS} <= kinds
    if renumbered:
        for table, column in (("events", "notification_id"), ("links", "position")):
            drop_constraints(administrator, table)
            tamper(administrator, RENUMBERED.format(table=table, column=column))
        kinds = sealed_log.kinds(administrator)
        assert {Kind.EVENT_DIFFERS, Kind.ROOT_DIFFERS} <= kinds
        assert Kind.EVENT_MISSING not in kinds


@pytest.mark.parametrize(
    ("cut", "kind"),
    [
        ((), Kind.HEAD_DIFFERS),
        (("links",), Kind.ROOT_DIFFERS),
        (("links", "heads", "tree"), Kind.ROOT_DIFFERS),
    ],
)
def test_the_tail_of_the_log_that_is_cut_off(
    sealed_log: SealedLog, administrator: Administrator, cut: tuple[str, ...], kind: Kind, other_key: Ed25519PrivateKey
) -> None:
    kept = [table for table in ("links", "heads", "tree") if table not in cut]
    with restored(administrator, "checkpoints", "signing_keys", *kept):
        tamper(administrator, f"DELETE FROM ledger.events WHERE notification_id > ({TAIL})")
        seal_anew(administrator, other_key)
    assert kind in sealed_log.kinds(administrator)
    tamper(administrator, MOVE_HEAD)
    assert (Kind.ROOT_DIFFERS if cut else Kind.LINK_SURPLUS) in sealed_log.kinds(administrator)


@pytest.mark.parametrize(
    ("kept", "kinds"),
    [
        (("links", "heads", "tree"), {Kind.EVENT_DIFFERS}),
        (("heads", "tree"), {Kind.ROOT_DIFFERS, Kind.TREE_DIFFERS}),
        ((), {Kind.ROOT_DIFFERS}),
    ],
)
def test_an_event_that_is_changed_with_the_evidence_forged_as_far_as_it_can_be(
    sealed_log: SealedLog,
    administrator: Administrator,
    kept: tuple[str, ...],
    kinds: set[Kind],
    other_key: Ed25519PrivateKey,
) -> None:
    with restored(administrator, "checkpoints", "signing_keys", *kept):
        tamper(administrator, FORGE_AN_AMOUNT)
        seal_anew(administrator, other_key)
    assert sealed_log.kinds(administrator) == kinds


def test_an_event_that_is_changed_with_its_own_link(
    sealed_log: SealedLog, administrator: Administrator, other_key: Ed25519PrivateKey
) -> None:
    with restored(administrator, "checkpoints", "signing_keys", "links", "heads", "tree"):
        tamper(administrator, FORGE_AN_AMOUNT)
        seal_anew(administrator, other_key)
        administrator.execute("CREATE TEMPORARY TABLE forged ON COMMIT DROP AS TABLE ledger.links")
    (first,) = [each.position for each in sealed_log.look(administrator) if each.kind is Kind.EVENT_DIFFERS]
    own = f"UPDATE ledger.links SET hash = forged.hash FROM forged WHERE links.position = {first}"
    tamper(administrator, f"{own} AND forged.position = links.position")
    assert sealed_log.kinds(administrator) == {Kind.CHAIN_BROKEN}


@pytest.mark.parametrize(("row", "kind"), [("first", Kind.CHECKPOINT_DIFFERS), ("middle", Kind.CHECKPOINT_DIFFERS)])
def test_a_checkpoint_that_is_signed_by_another(
    sealed_log: SealedLog, administrator: Administrator, row: str, kind: Kind, other_key: Ed25519PrivateKey
) -> None:
    sign_again(administrator, row, other_key)
    assert sealed_log.kinds(administrator) == {kind, Kind.NOT_CHECKED, *({Kind.KEY_DIFFERS} if row == "first" else ())}


def test_the_newest_checkpoint_that_is_signed_by_another_is_not_taken_for_checked(
    sealed_log: SealedLog, administrator: Administrator, other_key: Ed25519PrivateKey
) -> None:
    sign_again(administrator, "last", other_key)
    (found,) = sealed_log.look(administrator)
    assert found.kind is Kind.NOT_CHECKED
    assert found.sentence.startswith("1 checkpoints, the first of them 3, are signed with key ")


def anchored(administrator: Administrator, path: Path) -> Path:
    """The file of checkpoints as it is before something happens."""
    AnchorFile(path).follow(administrator)
    return path


def test_the_file_of_checkpoints_is_found_again(
    sealed_log: SealedLog, administrator: Administrator, tmp_path: Path
) -> None:
    assert sealed_log.look(administrator, anchors=anchored(administrator, tmp_path / "checkpoints")) == []


def test_a_log_that_was_sealed_anew_differs_from_the_file_of_checkpoints(
    sealed_log: SealedLog, administrator: Administrator, tmp_path: Path
) -> None:
    path = anchored(administrator, tmp_path / "checkpoints")
    tamper(administrator, FORGE_AN_AMOUNT)
    seal_anew(administrator, sealed_log.key)  # with the stolen key
    assert sealed_log.look(administrator) == []
    assert sealed_log.kinds(administrator, anchors=path) == {Kind.CHECKPOINT_DIFFERS, Kind.CHECKPOINT_MISSING}


def test_a_tail_that_was_cut_off_down_to_an_older_checkpoint_is_found_by_the_file(
    sealed_log: SealedLog, administrator: Administrator, tmp_path: Path
) -> None:
    path = anchored(administrator, tmp_path / "checkpoints")
    with restored(administrator, "checkpoints", "signing_keys"):
        tamper(
            administrator,
            "DELETE FROM ledger.aliases WHERE stream IN"
            f" (SELECT originator_id FROM ledger.events WHERE notification_id > ({SECOND}) AND originator_version = 1)",
            f"DELETE FROM ledger.events WHERE notification_id > ({SECOND})",
            MOVE_HEAD,
        )
        seal_anew(administrator, sealed_log.key)
    tamper(administrator, "DELETE FROM ledger.checkpoints WHERE number = 3")
    row = administrator.execute("SELECT max(notification_id) FROM ledger.events").fetchone()
    assert row is not None
    shorter = SealedLog(sealed_log.conninfo, sealed_log.key, row[0])
    assert shorter.look(administrator) == []  # what the file is for
    (found,) = shorter.look(administrator, anchors=path)
    assert (found.kind, found.sentence) == (
        Kind.CHECKPOINT_MISSING,
        "Checkpoint 3 is in the file and not in the database.",
    )


@pytest.mark.parametrize(
    ("spoil", "kind", "sentence"),
    [
        (lambda text: "", Kind.NOT_CHECKED, "is empty"),
        (lambda text: text + "{", Kind.NOT_CHECKED, "Line 4 of"),
        (lambda text: text + '{"number":"1"}\n', Kind.NOT_CHECKED, "Line 4 of"),
        (lambda text: text + "[" * 5_000, Kind.NOT_CHECKED, "Line 4 of"),
        (lambda text: text + '{"number":99999999999999999999}\n', Kind.NOT_CHECKED, "Line 4 of"),
        (lambda text: text + json.dumps({"number": 9}) + "\n", Kind.CHECKPOINT_MISSING, "Checkpoint 9 is in the file"),
        (lambda text: text.replace('"number": 2', '"number": 1'), Kind.CHECKPOINT_DIFFERS, "Checkpoint 1 is not"),
    ],
)
def test_a_file_of_checkpoints_that_is_not_as_it_was_is_told(
    sealed_log: SealedLog,
    administrator: Administrator,
    tmp_path: Path,
    spoil: Callable[[str], str],
    kind: Kind,
    sentence: str,
) -> None:
    path = anchored(administrator, tmp_path / "checkpoints")
    path.write_text(spoil(path.read_text()))
    found = sealed_log.look(administrator, anchors=path)[0]
    assert found.kind is kind
    assert sentence in found.sentence


def test_a_file_of_checkpoints_that_is_not_there_is_told(
    sealed_log: SealedLog, administrator: Administrator, tmp_path: Path
) -> None:
    (found,) = sealed_log.look(administrator, anchors=tmp_path / "nothing")
    assert found.kind is Kind.NOT_CHECKED
    assert "cannot be read: No such file or directory" in found.sentence
