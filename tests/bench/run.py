"""Measure posting bills against the peers: `make bench`.

Three services answer the same command on one PostgreSQL (fsync on), one server process each, loaded in turn by
wrk with 32 connections. Absolute figures say little on a shared machine; the ratio of the medians of one run does.
"""

import argparse
import json
import os
import platform
import shutil
import socket
import statistics
import subprocess
import sys
import tempfile
import time
import urllib.error
import urllib.request
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import asdict, dataclass
from pathlib import Path

import psutil  # type: ignore[import-untyped, unused-ignore]
from psycopg.conninfo import conninfo_to_dict
from rich.console import Console
from rich.table import Table

from services.store.embedded import EmbeddedPostgres, discard

PEERS = Path(__file__).parent / "peers"
ROOT = Path(__file__).parents[2]
ADMIN_KEY = "key-of-the-benchmark"
START_SECONDS_MAX = 30

console = Console()


@dataclass
class Round:
    """What one service did in one round."""

    service: str
    per_second: float
    p50_milliseconds: float
    p99_milliseconds: float
    memory_mebibytes: float
    refused: int


@dataclass
class Contender:
    """A service to load: its name, process and port."""

    name: str
    process: subprocess.Popen[bytes]
    port: int


def free_port() -> int:
    """A port that nobody listens on."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port


@contextmanager
def running(name: str, command: list[str], environment: dict[str, str], port: int) -> Iterator[Contender]:
    """A service, from its start until the end of this context."""
    process = subprocess.Popen(
        command, env={**os.environ, **environment}, cwd=PEERS, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
    )
    try:
        deadline = time.monotonic() + START_SECONDS_MAX
        while not answers(port):
            if process.poll() is not None or time.monotonic() > deadline:
                raise SystemExit(f"{name} did not start; run it by hand to see why: {' '.join(command)}")
            time.sleep(0.1)
        yield Contender(name, process, port)
    finally:
        process.terminate()
        process.wait()


def answers(port: int) -> bool:
    """Whether something answers HTTP there, and is ready if it knows the word."""
    try:
        urllib.request.urlopen(f"http://127.0.0.1:{port}/health/ready", timeout=1)
    except urllib.error.HTTPError as error:
        return error.code == 404
    except OSError:
        return False
    return True


def load(contender: Contender, seconds: int, connections: int) -> Round:
    """Load a service for a while."""
    command = ["wrk", "-t1", f"-c{connections}", f"-d{seconds}s", "--latency", "-s", "add_bill.lua"]
    done = subprocess.run(
        [*command, f"http://127.0.0.1:{contender.port}"],
        cwd=PEERS,
        env={**os.environ, "KEY": ADMIN_KEY, "RUN": str(time.time_ns())},
        check=True,
        capture_output=True,
        text=True,
    )
    figures = next(line for line in done.stdout.splitlines() if line.startswith("RESULT")).split()[1:]
    requests, refused, duration, p50, p99 = (float(figure) for figure in figures)
    memory = psutil.Process(contender.process.pid).memory_info().rss / 2**20
    return Round(contender.name, requests / duration, p50 / 1000, p99 / 1000, memory, int(refused))


def contenders(stack: ExitStack, conninfo: str, log_level: str) -> list[Contender]:
    """All services on one database, started."""
    parts = conninfo_to_dict(conninfo)
    library = {f"POSTGRES_{name.upper()}": str(parts[name]) for name in ("dbname", "host", "user", "password")}
    library |= {"PERSISTENCE_MODULE": "eventsourcing.postgres", "POSTGRES_POOL_SIZE": "20"}
    folio = {"FOLIO_DATABASE_URL": conninfo, "FOLIO_ADMIN_KEY": ADMIN_KEY, "FOLIO_LOG_LEVEL": log_level}
    url = "postgresql+psycopg://{user}:{password}@/{dbname}?host={host}".format(**parts)
    ours, crud, plain = free_port(), free_port(), free_port()
    uvicorn = [sys.executable, "-m", "uvicorn", "--log-level", "error", "--no-access-log", "--port"]
    serve = [sys.executable, "-m", "services.cli", "serve", "--port", str(ours)]
    return [
        stack.enter_context(running("folio", serve, {**folio, "PYTHONPATH": str(ROOT)}, ours)),
        stack.enter_context(running("crud", [*uvicorn, str(crud), "crud_peer:app"], {"DATABASE_URL": url}, crud)),
        stack.enter_context(running("plain", [*uvicorn, str(plain), "plain_es_peer:app"], library, plain)),
    ]


def show(rounds: list[Round], file: Path) -> None:
    """Print medians and ratios, and keep all rounds as JSON with the machine's data."""
    table = Table(title="POST /v1/folios/{folioId}/bills, medians of the rounds")
    for heading in ("service", "per second", "ratio", "p50 ms", "p99 ms", "p99 ratio", "MiB", "refused"):
        table.add_column(heading, justify="left" if heading == "service" else "right")
    by_name = {name: [r for r in rounds if r.service == name] for name in dict.fromkeys(r.service for r in rounds)}

    def median(name: str, figure: str) -> float:
        return float(statistics.median(getattr(one, figure) for one in by_name[name]))

    for name, own in by_name.items():
        table.add_row(
            name,
            f"{median(name, 'per_second'):.0f}",
            f"{median(name, 'per_second') / median('crud', 'per_second'):.2f}",
            f"{median(name, 'p50_milliseconds'):.1f}",
            f"{median(name, 'p99_milliseconds'):.1f}",
            f"{median(name, 'p99_milliseconds') / median('crud', 'p99_milliseconds'):.2f}",
            f"{max(one.memory_mebibytes for one in own):.0f}",
            str(sum(one.refused for one in own)),
        )
    console.print(table)
    console.print("Ratios are against crud, the same command without event sourcing, in the same run.")
    machine = {"python": platform.python_version(), "system": platform.platform(), "cores": os.cpu_count()}
    file.write_text(json.dumps({"machine": machine, "rounds": [asdict(one) for one in rounds]}, indent=2))
    console.print(f"All rounds are in {file}.")


def main() -> None:
    """Run the rounds."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--seconds", type=int, default=15)
    parser.add_argument("--connections", type=int, default=32)
    parser.add_argument("--log-level", default="INFO", help="of folio; the peers log nothing")
    parser.add_argument("--json", type=Path, default=Path("bench.json"))
    options = parser.parse_args()
    if shutil.which("wrk") is None:
        raise SystemExit("wrk is needed to load the services; on Debian: apt-get install wrk")
    rounds = []
    data = Path(tempfile.mkdtemp(prefix="folio-bench-")) / "data"
    with ExitStack() as stack:
        stack.callback(shutil.rmtree, data.parent, ignore_errors=True)
        stack.callback(discard, data)
        conninfo = stack.enter_context(EmbeddedPostgres(data))
        services = contenders(stack, conninfo, options.log_level)
        for contender in services:
            load(contender, 2, options.connections)
        for number in range(options.rounds):
            for contender in services:
                done = load(contender, options.seconds, options.connections)
                console.print(
                    f"round {number + 1}  {done.service:6} {done.per_second:7.0f}/s  p99 {done.p99_milliseconds:.1f} ms"
                )
                rounds.append(done)
    show(rounds, options.json)


if __name__ == "__main__":
    main()
