"""The format stays what it is: vectors that were written once are computed again, here and by a second reader."""

import json
from pathlib import Path

from services.evidence.keys import public_text, read_public_keys
from services.evidence.verification import verify
from tests.evidence import reader
from tests.evidence.packages import KEY, make_proof

FOLDER = Path(__file__).parents[1] / "history" / "evidence"
PROOF, PUBLIC_KEY, VECTORS = FOLDER / "proof.json", FOLDER / "key.pem", FOLDER / "vectors.json"


def test_what_is_computed_today_is_what_was_computed_when_the_format_was_released() -> None:
    made = make_proof()
    assert made.vectors == json.loads(VECTORS.read_text("utf-8"))
    assert made.document == json.loads(PROOF.read_text("utf-8"))
    assert public_text(KEY.public_key()) == PUBLIC_KEY.read_text("utf-8")


def test_a_stored_proof_holds() -> None:
    verdict = verify(PROOF.read_bytes(), read_public_keys(PUBLIC_KEY))
    assert (verdict.faults, verdict.unchecked) == ([], [])
    assert verdict.package == make_proof().package


def test_a_second_reader_written_from_the_text_computes_the_same() -> None:
    assert reader.read(PROOF.read_bytes(), PUBLIC_KEY.read_bytes()) == json.loads(VECTORS.read_text("utf-8"))
