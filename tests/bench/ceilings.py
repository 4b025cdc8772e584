"""What this machine can do at most: commits of a bare row by pgbench, and requests that only check a body."""

import os
import re
import subprocess
import tempfile
from pathlib import Path

from services.store.embedded_account import find_programs, server_account
from tests.bench.failing import CannotMeasure
from tests.bench.results import Effort, Measurement
from tests.bench.rounds import alternate, figures_of, summarised
from tests.bench.site import Site, opened_site
from tests.bench.writing import CONNECTIONS, adding_over

GRACE_SECONDS = 30
CREATE_TABLE = """
    CREATE TABLE ceiling_bills (
        id               uuid        PRIMARY KEY DEFAULT uuidv7(),
        accommodation_id text        NOT NULL,
        folio_id         text        NOT NULL,
        name             text        NOT NULL,
        total_amount     bigint      NOT NULL,
        balance_amount   bigint      NOT NULL,
        status           text        NOT NULL DEFAULT 'OPEN',
        created_at       timestamptz NOT NULL DEFAULT now()
    );
    CREATE INDEX ON ceiling_bills (accommodation_id);
    CREATE INDEX ON ceiling_bills (folio_id);
"""
SCRIPT = r"""
\set folio random(100, 999)
INSERT INTO ceiling_bills (accommodation_id, folio_id, name, total_amount, balance_amount)
VALUES ('HOTEL-1', 'FOLIO-' || :folio, 'Room charge', 150000, 150000);
"""
TPS = re.compile(r"^tps = ([\d.]+)", re.MULTILINE)
LATENCY = re.compile(r"^latency average = ([\d.]+) ms", re.MULTILINE)


def measure(effort: Effort) -> Measurement:
    """A row a commit, and an echo. Raises CannotMeasure."""
    with opened_site(effort.folder) as site:
        with site.echo() as echo:
            rounds = alternate(site, [echo], adding_over(CONNECTIONS), effort)
        with site.connect() as connection:
            connection.execute(CREATE_TABLE)
        commits = []
        for number in range(1, effort.rounds + 1):
            commits.append(pgbench(site, effort.seconds))
            effort.say(f"round {number} of {effort.rounds}  {'pgbench':30} {commits[-1][0]:8,.0f}/s")
    return Measurement(
        "ceilings",
        "Ceilings of this machine",
        f"{CONNECTIONS} connections; pgbench: one INSERT of a bill's row a commit, nothing else; echo: FastAPI, one"
        " process, checks the same body and gives it back, no database",
        [
            *figures_of(rounds),
            summarised("throughput", "1/s", "pgbench", [per_second for per_second, _ in commits]),
            summarised("latency, average", "ms", "pgbench", [average for _, average in commits]),
        ],
        [one.kept for one in rounds]
        + [{"of": "pgbench", "per_second": per_second, "average_milliseconds": ms} for per_second, ms in commits],
    )


def pgbench(site: Site, seconds: int) -> tuple[float, float]:
    """Commits per second and their average latency in milliseconds. Raises CannotMeasure."""
    programs, _ = find_programs(None, server_account())
    with tempfile.TemporaryDirectory(prefix="folio-bench-") as folder:
        script = Path(folder, "insert.sql")
        script.write_text(SCRIPT)
        options = ["-n", "-M", "prepared", "-c", str(CONNECTIONS), "-j", "1", "-T", str(seconds), "-f", str(script)]
        done = subprocess.run(
            [programs / "pgbench", *options],
            env={**os.environ, **site.postgres_environment},
            check=False,
            capture_output=True,
            text=True,
            timeout=seconds + GRACE_SECONDS,
        )
    tps, latency = TPS.search(done.stdout), LATENCY.search(done.stdout)
    if done.returncode != 0 or tps is None or latency is None:
        raise CannotMeasure(f"pgbench failed: {(done.stderr or done.stdout).strip()}")
    return float(tps[1]), float(latency[1])
