"""The loader: wrk with a Lua script, one thread."""

import os
import re
import shutil
import subprocess
import time
from dataclasses import dataclass

from tests.bench.failing import CannotMeasure
from tests.bench.services import PEERS, Running
from tests.bench.site import ADMIN_KEY

MISSING = "wrk is missing, which loads the services: 'apt-get install wrk' (Debian), 'brew install wrk' (macOS)."
GRACE_SECONDS = 30
SOCKET_ERRORS = re.compile(r"Socket errors: connect (\d+), read (\d+), write (\d+), timeout (\d+)")


@dataclass(frozen=True)
class Load:
    """What a service did under load; `refused` are answers other than 2xx, and requests without an answer."""

    requests: int
    refused: int
    seconds: float
    p50_milliseconds: float
    p99_milliseconds: float

    @property
    def per_second(self) -> float:
        """Requests per second."""
        return self.requests / self.seconds


def load(service: Running, script: str, connections: int, seconds: int, **settings: str) -> Load:
    """Load a service for a while; `settings` go to the script. Raises CannotMeasure."""
    if shutil.which("wrk") is None:
        raise CannotMeasure(MISSING)
    command = ["wrk", "-t1", f"-c{connections}", f"-d{seconds}s", "--latency", "-s", script, service.address]
    try:
        done = subprocess.run(
            command,
            cwd=PEERS,
            env={**os.environ, "KEY": ADMIN_KEY, "RUN": str(time.time_ns()), **settings},
            check=False,
            capture_output=True,
            text=True,
            timeout=seconds + GRACE_SECONDS,
        )
    except subprocess.TimeoutExpired as error:
        raise CannotMeasure(f"wrk did not end {GRACE_SECONDS} seconds after its time ({' '.join(command)})") from error
    if done.returncode != 0:
        raise CannotMeasure(f"wrk failed ({' '.join(command)}): {(done.stderr or done.stdout).strip()}")
    return read_result(done.stdout)


def read_result(output: str) -> Load:
    """What wrk says at its end: `RESULT requests non-2xx seconds p50_us p99_us`. Raises CannotMeasure."""
    result = next((line.split()[1:] for line in output.splitlines() if line.startswith("RESULT ")), [])
    try:
        requests, refused, seconds, p50, p99 = (float(figure) for figure in result)
    except ValueError:
        raise CannotMeasure(f"wrk ended without its line RESULT; it said:\n{output.strip()}") from None
    unanswered = SOCKET_ERRORS.search(output)
    lost = sum(int(count) for count in unanswered.groups()) if unanswered else 0
    return Load(int(requests), int(refused) + lost, seconds, p50 / 1000, p99 / 1000)
