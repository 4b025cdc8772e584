"""The machine that is measured on, and what of which version runs there."""

import importlib.metadata
import os
import platform
import shutil
import subprocess
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import psutil  # type: ignore[import-untyped, unused-ignore]

from services.store.embedded_account import find_programs, server_account
from tests.bench.services import ROOT

LIBRARIES = ("eventsourcing", "fastapi", "psycopg", "pydantic", "sqlalchemy", "uvicorn", "uvloop")


def describe_machine() -> dict[str, Any]:
    """Everything that absolute figures depend on."""
    return {
        "date": datetime.now(UTC).isoformat(timespec="seconds"),
        "commit": commit(),
        "cores": len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count(),
        "cpu": cpu_model(),
        "memory_mebibytes": psutil.virtual_memory().total // 2**20,
        "kernel": f"{platform.system()} {platform.release().partition('-')[0]}",
        "python": platform.python_version(),
        "postgresql": find_programs(None, server_account())[1],
        "libraries": {name: importlib.metadata.version(name) for name in LIBRARIES},
        "busy_before": psutil.cpu_percent(interval=1.0),
    }


def commit() -> str:
    """The commit that is measured, with a plus when files differ from it; "unknown" outside a repository."""
    git = shutil.which("git")
    if git is None:
        return "unknown"
    head = _said(git, "rev-parse", "--short=12", "HEAD")
    changed = _said(git, "status", "--porcelain", "--untracked-files=no")
    return "unknown" if not head else head + ("+" if changed else "")


def cpu_model() -> str:
    """The processor's name, as far as the system tells it."""
    try:
        lines = Path("/proc/cpuinfo").read_text("utf-8").splitlines()
    except OSError:
        return platform.processor() or platform.machine()
    named = (line.partition(":")[2].strip() for line in lines if line.startswith("model name"))
    return next(named, platform.machine())


def _said(git: str, *arguments: str) -> str:
    done = subprocess.run([git, *arguments], cwd=ROOT, check=False, capture_output=True, text=True)
    return done.stdout.strip() if done.returncode == 0 else ""
