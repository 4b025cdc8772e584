"""Rebuilding all read models from the log: how fast, and in how much memory."""

import subprocess
import sys
import time
from dataclasses import dataclass

from tests.bench.failing import CannotMeasure
from tests.bench.filling import count_bills, head_of
from tests.bench.services import PEERS, inherited
from tests.bench.site import Site
from tests.bench.usage import Usage, sampled_memory

REBUILD = (sys.executable, "-m", "services.cli", "projections", "rebuild", "--all", "--restart")
"""The command line that is measured, its own start included."""
SECONDS_MAX = 600.0
COUNT_ROWS = "SELECT count(*) FROM read_model.bills"


@dataclass(frozen=True)
class Rebuilt:
    """A rebuild of all read models, from event 0 to the end of the log."""

    events: int
    seconds: float
    memory_mebibytes: float

    @property
    def per_second(self) -> float:
        """Events per second."""
        return self.events / self.seconds


def rebuild(site: Site) -> Rebuilt:
    """Rebuild with nothing else running, and look whether every bill is there. Raises CannotMeasure."""
    usage = Usage()
    begun = time.monotonic()
    process = subprocess.Popen(
        REBUILD,
        env={**inherited(), **site.environment},
        cwd=PEERS,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    )
    try:
        with sampled_memory(process.pid, usage):
            said, _ = process.communicate(timeout=SECONDS_MAX)
    except subprocess.TimeoutExpired as error:
        raise CannotMeasure(f"the rebuild was not done after {SECONDS_MAX:.0f} seconds") from error
    finally:
        process.kill()
        process.wait()
    seconds = time.monotonic() - begun
    if process.returncode != 0:
        raise CannotMeasure(f"the rebuild failed with status {process.returncode}. It said:\n{said.strip()}")
    with site.connect() as connection:
        row = connection.execute(COUNT_ROWS).fetchone()
        rows, bills = int(str(row[0] if row else 0)), count_bills(connection)
        if rows != bills:
            raise CannotMeasure(f"the rebuild left {rows:,} bills in the read model; the log holds {bills:,}")
        return Rebuilt(head_of(connection), seconds, usage.memory_mebibytes)
