"""The journey with graphql-request and graphql-ws, GraphQL clients of JavaScript, run by Node.js."""

import json
import os
import shutil
import subprocess
from pathlib import Path

import pytest

from tests.journeys.foreign.journey import FOLDER, Line

SECONDS_MAX = 120
NEEDED = "Install Node.js 20 or newer with npm: a PMS in JavaScript is played with them."


def install(folder: Path) -> Path:
    """The program and its packages, as package-lock.json pins them, in a folder outside of the repository."""
    program = shutil.copytree(FOLDER, folder / "program", ignore=shutil.ignore_patterns("node_modules", "*.py"))
    _run([_found("npm"), "ci"], program)
    return program


def travel(program: Path, address: str, key: str, house: dict[str, str]) -> list[Line]:
    """Make the journey at a service; what each step was told."""
    service = {"FOLIO_ADDRESS": address, "FOLIO_KEY": key, "FOLIO_HOUSE": json.dumps(house)}
    said = _run([_found("node"), "journey.mjs"], program, service)
    return [json.loads(line) for line in said.splitlines()]


def _found(name: str) -> str:
    path = shutil.which(name)
    if path is None:
        pytest.fail(f"There is no {name} on this machine. {NEEDED}")
    return path


def _run(command: list[str], folder: Path, environment: dict[str, str] | None = None) -> str:
    done = subprocess.run(
        command,
        cwd=folder,
        env={**os.environ, **(environment or {})},
        capture_output=True,
        text=True,
        timeout=SECONDS_MAX,
        check=False,
    )
    assert done.returncode == 0, done.stderr + done.stdout
    return done.stdout
