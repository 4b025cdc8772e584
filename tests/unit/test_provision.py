"""Where a service keeps its key and its checkpoints."""

from pathlib import Path

from services.evidence.keys import make_private_key
from services.provision import checkpoint_file, seal_by
from services.settings import Settings

DATA = Path("/data")


def file_for(**settings: object) -> Path:
    """Where the checkpoints go with these settings."""
    return checkpoint_file(Settings.model_validate(settings), DATA)


def test_each_database_has_a_file_of_checkpoints_of_its_own() -> None:
    first, second = (file_for(database_url=f"postgresql://folio:secret@db/{name}") for name in ("one", "two"))
    assert first != second
    assert file_for(database_url="postgresql://another:word@db/one?connect_timeout=9") == first
    assert file_for(database_url="postgresql://folio:secret@db:5433/one") != first
    assert "secret" not in first.name
    assert file_for() == DATA / "checkpoints.jsonl"
    assert file_for(checkpoint_file="/elsewhere/kept.jsonl") == Path("/elsewhere/kept.jsonl")


def test_a_key_is_made_at_the_first_start_and_kept(tmp_path: Path) -> None:
    settings = Settings.model_validate({})
    first, second = (seal_by(settings, tmp_path / "data") for _ in range(2))
    assert first.key.private_bytes_raw() == second.key.private_bytes_raw()
    elsewhere = make_private_key(tmp_path / "key.pem")
    named = seal_by(Settings.model_validate({"signing_key_file": tmp_path / "key.pem"}), tmp_path / "other")
    assert named.key.private_bytes_raw() == elsewhere.private_bytes_raw()
    assert not (tmp_path / "other").exists()
