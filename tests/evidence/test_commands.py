"""`folio verify`, and the same without the service: exit statuses and what is told."""

import os
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path

import pytest

from services.evidence.keys import BadKey, make_private_key, public_text, read_private_key, read_public_keys
from tests.evidence.packages import KEY, OTHER_KEY, make_proof
from tests.evidence.test_vectors import PROOF, PUBLIC_KEY
from tests.forking import run_folio

MODULE = ("services.evidence",)
COMMAND = ("services.cli", "verify")
SECONDS_MAX = 60


def run(program: Sequence[str], *arguments: object) -> subprocess.CompletedProcess[str]:
    """Run a program to its end."""
    if program == COMMAND:
        return run_folio(["verify", *map(str, arguments)], os.environ, SECONDS_MAX)
    command = [sys.executable, "-m", *program, *map(str, arguments)]
    return subprocess.run(command, check=False, capture_output=True, text=True, timeout=SECONDS_MAX)


def test_the_exit_status_says_whether_it_holds_is_wrong_or_could_not_be_checked(tmp_path: Path) -> None:
    altered, newer, other_key = tmp_path / "altered.json", tmp_path / "newer.json", tmp_path / "other.pem"
    altered.write_bytes(make_proof().text.replace(b"12000", b"11000"))
    newer.write_bytes(make_proof().text.replace(b'"chainVersion": 1', b'"chainVersion": 2'))
    other_key.write_text(public_text(OTHER_KEY.public_key()))

    for program in (MODULE, COMMAND):
        holds = run(program, PROOF, "--key", other_key, "--key", PUBLIC_KEY)
        assert (holds.returncode, holds.stderr) == (0, "")
        assert "Folio FOLIO-1: 5 events" in holds.stdout

        wrong = run(program, altered, "--key", PUBLIC_KEY)
        assert wrong.returncode == 1
        assert "WRONG: link 3 (position 9, bill.added" in wrong.stdout

    for program, package, key, why in (
        (COMMAND, PROOF, other_key, "signed with key"),
        (MODULE, newer, PUBLIC_KEY, "chainVersion is 2"),
        (MODULE, tmp_path / "none.json", PUBLIC_KEY, "none.json cannot be read"),
        (MODULE, tmp_path, PUBLIC_KEY, "cannot be read"),
        (MODULE, PROOF, tmp_path / "none.pem", "none.pem holds no public key"),
        (MODULE, PROOF, PROOF, "holds no public key"),
    ):
        unchecked = run(program, package, "--key", key)
        assert unchecked.returncode == 2, unchecked.stdout
        assert why in unchecked.stdout
        assert "Traceback" not in unchecked.stderr


def test_it_is_checked_without_anything_of_the_service_being_loaded() -> None:
    program = (
        "import sys, runpy\n"
        f"sys.argv = ['verify', {str(PROOF)!r}, '--key', {str(PUBLIC_KEY)!r}]\n"
        "try:\n    runpy.run_module('services.evidence', run_name='__main__')\n"
        "except SystemExit as end:\n    assert end.code == 0\n"
        "own = {name for name in sys.modules if name.split('.')[0] in ('services', 'projections')}\n"
        "assert own and all(name == 'services' or name.startswith('services.evidence') for name in own), own\n"
        "assert not {'psycopg', 'fastapi', 'httpx', 'socket'} & sys.modules.keys()\n"
    )
    done = subprocess.run([sys.executable, "-c", program], check=False, capture_output=True, text=True, timeout=60)
    assert done.returncode == 0, done.stderr


def test_a_private_key_is_made_once_and_for_its_owner_alone(tmp_path: Path) -> None:
    path = tmp_path / "data" / "signing-key.pem"
    key = make_private_key(path)
    assert path.stat().st_mode & 0o777 == 0o600
    assert make_private_key(path).private_bytes_raw() == key.private_bytes_raw()
    assert read_private_key(path).private_bytes_raw() == key.private_bytes_raw()
    assert [each.name for each in path.parent.iterdir()] == [path.name]


def test_a_file_may_hold_several_keys_and_a_proof_is_utf8(tmp_path: Path) -> None:
    both, marked, wide = tmp_path / "both.pem", tmp_path / "marked.json", tmp_path / "wide.json"
    both.write_text(public_text(OTHER_KEY.public_key()) + public_text(KEY.public_key()))
    assert run(MODULE, PROOF, "--key", both).returncode == 0
    marked.write_text(PROOF.read_text("utf-8"), "utf-8-sig")
    wide.write_text(PROOF.read_text("utf-8"), "utf-16")
    assert [run(MODULE, path, "--key", both).returncode for path in (marked, wide)] == [1, 1]


def test_a_forged_package_writes_nothing_on_the_screen(tmp_path: Path) -> None:
    forged = tmp_path / "forged.json"
    forged.write_bytes(make_proof().text.replace(b"bill.added", b"\\u001b[2Jbill\\u202e.added").replace(b"12000", b"1"))
    told = run(MODULE, forged, "--key", PUBLIC_KEY)
    assert told.returncode == 1
    assert "\x1b" not in told.stdout
    assert "\\x1b[2Jbill\\u202e.added" in told.stdout
    forged.write_bytes(
        make_proof().text.replace(b"bill.added", b"bill\\nFolio FOLIO-1: nothing altered").replace(b"12000", b"1")
    )
    told = run(MODULE, forged, "--key", PUBLIC_KEY)
    assert all(line.startswith(("WRONG: ", "The package does not")) for line in told.stdout.splitlines())


def test_a_file_that_holds_no_such_key_is_told(tmp_path: Path) -> None:
    private, public = tmp_path / "private.pem", tmp_path / "public.pem"
    make_private_key(private)
    public.write_text(public_text(KEY.public_key()))
    [read] = read_public_keys(public)
    assert read.public_bytes_raw() == KEY.public_key().public_bytes_raw()
    for wrong in (public, tmp_path / "none.pem", tmp_path):
        with pytest.raises(BadKey, match="holds no private key"):
            read_private_key(wrong)
    with pytest.raises(BadKey, match="holds no public key"):
        read_public_keys(private)
    with pytest.raises(BadKey, match="cannot be made"):
        make_private_key(public / "inside" / "key.pem")
