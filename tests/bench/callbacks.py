"""Measure the provider's callbacks: `python -m tests.bench.callbacks`, also a part of `make bench`.

One payment is reported in 1,000 contents over 50 connections, again and again; each content is kept, durably,
before it is answered. Beside it runs the provider's sandbox, which is asked about the payment.
"""

import argparse
import os
import subprocess
import sys
import tempfile
import time
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import httpx

from services.store.embedded import EmbeddedPostgres, discard
from tests.bench.run import ADMIN_KEY, PEERS, ROOT, console, free_port, running

PROVIDER_KEY = "sandbox-key"
CONNECTIONS = 50
SECONDS_MAX = 30.0


def paid_request(address: str, provider: str) -> str:
    """A payment request that the guest has paid, reported or not."""
    with httpx.Client(base_url=address, headers={"Authorization": f"Bearer {ADMIN_KEY}"}, timeout=10) as client:

        def post(path: str, body: dict[str, Any]) -> str:
            return str(client.post(path, json=body).raise_for_status().json()["id"])

        bill = post("/v1/folios/F/bills", {"accommodationId": "HOTEL-1", "name": "Room", "totalAmount": 50_000})
        request = post(f"/v1/bills/{bill}/payment-requests", {"customerName": "홍길동", "phone": "010-1234-5678"})
        deadline = time.monotonic() + SECONDS_MAX
        while client.get(f"/v1/payment-requests/{request}").json()["status"] != "SENT":
            if time.monotonic() > deadline:
                raise SystemExit("the request was not sent")
            time.sleep(0.05)
    httpx.post(f"{provider}/sandbox/bills/{request}/pay", json={}).raise_for_status()
    return request


def main() -> None:
    """Run the rounds."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--seconds", type=int, default=5)
    options = parser.parse_args()
    data = Path(tempfile.mkdtemp(prefix="folio-bench-")) / "data"
    with ExitStack() as stack:
        stack.callback(discard, data)
        ours, sandbox = free_port(), free_port()
        environment = {
            "FOLIO_DATABASE_URL": stack.enter_context(EmbeddedPostgres(data)),
            "FOLIO_ADMIN_KEY": ADMIN_KEY,
            "FOLIO_PAYSSAM_BASE_URL": f"http://127.0.0.1:{sandbox}",
            "FOLIO_PAYSSAM_API_KEY": PROVIDER_KEY,
            "PYTHONPATH": str(ROOT),
        }
        folio = [sys.executable, "-m", "services.cli"]
        stack.enter_context(
            running("sandbox", [*folio, "payssam-sandbox", "--port", str(sandbox)], environment, sandbox)
        )
        stack.enter_context(running("folio", [*folio, "serve", "--port", str(ours)], environment, ours))
        request = paid_request(f"http://127.0.0.1:{ours}", f"http://127.0.0.1:{sandbox}")
        for number in range(options.rounds):
            report(number + 1, load(ours, request, options.seconds))


def load(port: int, request: str, seconds: int) -> list[float]:
    """Requests, refusals, seconds, p50 and p99 (microseconds) of one round."""
    command = ["wrk", "-t1", f"-c{CONNECTIONS}", f"-d{seconds}s", "--latency", "-s", "callbacks.lua"]
    done = subprocess.run(
        [*command, f"http://127.0.0.1:{port}"],
        cwd=PEERS,
        env={**os.environ, "KEY": PROVIDER_KEY, "REQUEST": request},
        check=True,
        capture_output=True,
        text=True,
    )
    line = next(line for line in done.stdout.splitlines() if line.startswith("RESULT"))
    return [float(figure) for figure in line.split()[1:]]


def report(number: int, figures: list[float]) -> None:
    """Print a round."""
    requests, refused, duration, p50, p99 = figures
    console.print(
        f"callbacks, round {number}  {requests / duration:7.0f}/s  p50 {p50 / 1000:.1f} ms  p99 {p99 / 1000:.1f} ms"
        f"  not taken {refused:.0f}"
    )


if __name__ == "__main__":
    main()
