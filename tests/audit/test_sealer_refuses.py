"""The sealer signs nothing on top of a changed past, and what was changed stays found whatever it does."""

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from services.audit.findings import Kind
from services.evidence.chain import Tampered
from services.store.checkpointing import make_checkpoint
from services.store.linking import link_next
from tests.audit.sealed_log import Administrator, SealedLog
from tests.audit.tampering import drop_constraints, restored, seal_anew, tamper, the_row
from tests.audit.test_forged_pasts import FORGE_AN_AMOUNT, MOVE_HEAD

APPEND = """
    SELECT ledger.append(ARRAY[originator_id], ARRAY[version + 1], ARRAY['bill.cancelled'], ARRAY[{state}],
                         ARRAY[NULL::timestamptz], '{{}}', '{{}}', '{{}}', '{{}}', '{{}}', '{{}}', '{{}}')
      FROM (SELECT originator_id, max(originator_version) AS version FROM ledger.events
             WHERE originator_id = (SELECT originator_id FROM ledger.events
                                     WHERE convert_from(state, 'UTF8') LIKE '%"folio_id":"FOLIO-A"%"total_amount":1000%'
                                     ORDER BY notification_id LIMIT 1)
             GROUP BY originator_id) AS stream
"""
SOUND = """convert_to('{"folio_id":"FOLIO-A"}', 'UTF8')"""
CHAIN = "chain = 'folio/FOLIO-A'"
LAST_LINK = f"{CHAIN} AND number = (SELECT max(number) FROM ledger.links WHERE {CHAIN})"
LAST = the_row("checkpoints", "last")

CHANGED = {
    f"UPDATE ledger.links SET hash = sha256(hash) WHERE {LAST_LINK}": "does not go on from its link",
    f"UPDATE ledger.heads SET hash = sha256(hash) WHERE {CHAIN}": "does not go on from its link",
    f"UPDATE ledger.heads SET links = links + 1 WHERE {CHAIN}": "does not go on from its link",
    f"DELETE FROM ledger.heads WHERE {CHAIN}": "does not go on from its link 0, which was signed",
    "UPDATE ledger.tree SET hash = sha256(hash)": "does not lead to the root that was signed last",
    "DELETE FROM ledger.tree": "does not lead to the root that was signed last",
    f"UPDATE ledger.checkpoints SET root = sha256(root) WHERE {LAST}": "Checkpoint 3 is not as it was signed",
    f"UPDATE ledger.checkpoints SET made_at = 'infinity' WHERE {LAST}": "Checkpoint 3 is not as it was signed",
    f"UPDATE ledger.checkpoints SET signature = '' WHERE {LAST}": "Checkpoint 3 is not as it was signed",
    f"UPDATE ledger.checkpoints SET key_id = NULL WHERE {LAST}": "Checkpoint 3 is signed with key None, not with",
    "DELETE FROM ledger.links WHERE position > 30": "The links end at position 30; those up to .* were signed",
    f"DELETE FROM ledger.checkpoints WHERE {LAST}": "does not go on from its link",
}
"""What is done, and the words with which the sealer refuses at the folio's next event."""

UNREADABLE = {
    "convert_to(E'{\"user\":\"\\\\uD800\"}', 'UTF8')": "holds a name that cannot be",
    "convert_to(E'{\"folio_id\":\"\\\\uDC00\"}', 'UTF8')": "holds a name that cannot be",
    "convert_to(E'{\"folio_id\":\"\\\\u0000\"}', 'UTF8')": "holds a name that cannot be",
}


def seal(administrator: Administrator, key: Ed25519PrivateKey) -> None:
    """What the sealer does at its turn."""
    with administrator.transaction():
        link_next(administrator)
        make_checkpoint(administrator, key)


def test_a_sound_past_goes_on(sealed_log: SealedLog, administrator: Administrator) -> None:
    administrator.execute(APPEND.format(state=SOUND).encode())
    seal(administrator, sealed_log.key)
    assert sealed_log.kinds(administrator) == {Kind.TIME_GOES_BACK}  # the event says no moment


@pytest.mark.parametrize(("statement", "words"), CHANGED.items())
def test_nothing_is_signed_on_top_of_a_changed_past(
    sealed_log: SealedLog, administrator: Administrator, statement: str, words: str
) -> None:
    drop_constraints(administrator, "checkpoints")
    tamper(administrator, statement)
    administrator.execute(APPEND.format(state=SOUND).encode())
    before = sealed_log.kinds(administrator)
    assert before > {Kind.TIME_GOES_BACK}
    with pytest.raises(Tampered, match=words):
        seal(administrator, sealed_log.key)
    assert sealed_log.kinds(administrator) == before


@pytest.mark.parametrize(("state", "words"), UNREADABLE.items())
def test_an_event_that_was_never_recorded_so_is_not_sealed(
    sealed_log: SealedLog, administrator: Administrator, state: str, words: str
) -> None:
    administrator.execute(APPEND.format(state=state).encode())
    with pytest.raises(Tampered, match=words):
        seal(administrator, sealed_log.key)


def test_an_event_that_is_missing_is_not_passed_over(sealed_log: SealedLog, administrator: Administrator) -> None:
    administrator.execute(APPEND.format(state=SOUND).encode())
    tamper(
        administrator,
        f"UPDATE ledger.events SET notification_id = {sealed_log.head + 2}"
        f" WHERE notification_id = {sealed_log.head + 1}",
    )
    with pytest.raises(Tampered, match=f"The event at position {sealed_log.head + 1} is missing"):
        seal(administrator, sealed_log.key)


def test_what_was_changed_where_the_sealer_does_not_look_stays_found_behind_its_next_checkpoint(
    sealed_log: SealedLog, administrator: Administrator
) -> None:
    with restored(administrator, "checkpoints", "signing_keys", "heads", "tree"):
        tamper(administrator, FORGE_AN_AMOUNT)
        seal_anew(administrator, Ed25519PrivateKey.generate())
    administrator.execute(APPEND.format(state="""convert_to('{"folio_id":"FOLIO-C"}', 'UTF8')""").encode())
    seal(administrator, sealed_log.key)
    row = administrator.execute("SELECT max(number) FROM ledger.checkpoints").fetchone()
    assert row == (4,)
    assert {Kind.ROOT_DIFFERS, Kind.TREE_DIFFERS} <= sealed_log.kinds(administrator)


def test_a_tail_that_was_cut_off_is_not_written_over(sealed_log: SealedLog, administrator: Administrator) -> None:
    end = sealed_log.head - 5
    tamper(administrator, f"DELETE FROM ledger.events WHERE notification_id > {end}", MOVE_HEAD)
    administrator.execute(APPEND.format(state=SOUND).encode())
    seal(administrator, sealed_log.key)  # what is linked already is not linked again
    assert {Kind.EVENT_DIFFERS, Kind.LINK_SURPLUS} <= sealed_log.kinds(administrator)
    tamper(administrator, f"DELETE FROM ledger.links WHERE position > {end}")
    with pytest.raises(Tampered, match=f"The links end at position {end}; those up to {sealed_log.head} were signed"):
        seal(administrator, sealed_log.key)
