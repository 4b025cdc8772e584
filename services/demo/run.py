"""`folio demo`: the service, and beside it what makes the key, loads the sample hotels and welcomes the visitor."""

import socket
import sys
import time
from datetime import UTC, datetime, timedelta
from pathlib import Path

import httpx
from rich.console import Console
from rich.progress import BarColumn, Progress, TaskProgressColumn, TextColumn, TimeRemainingColumn

from services.demo.catalogue import HOTELS
from services.demo.client import DemoFailed, open_client, wait_until_ready
from services.demo.key import demo_key
from services.demo.loading import is_loaded, load
from services.demo.sample_hotel import closing_folio, guest_folios
from services.demo.welcome import welcome
from services.serving import serve

__all__ = ["DemoFailed", "run_demo"]

ANSWERS_KEPT = timedelta(days=30)
"""For how long, at least, the service answers again under an idempotency key."""


async def run_demo(conninfo: str, listening: socket.socket, data: Path) -> None:
    """Serve until interrupted, with the sample hotels. Raises DemoFailed, psycopg.Error."""
    host, port = listening.getsockname()

    async def meanwhile() -> None:
        await _prepare(conninfo, f"http://{host}:{port}", data)

    await serve(conninfo, listening, None, None, meanwhile)


async def _prepare(conninfo: str, address: str, data: Path) -> None:
    console = Console(stderr=True, highlight=False, soft_wrap=True)
    async with open_client(address) as client:
        await wait_until_ready(client, console.print)
        key = await demo_key(client, conninfo, data)
        client.headers["Authorization"] = f"Bearer {key.key}"
        if not await is_loaded(client):
            await _load(client, console, max(key.made_at, datetime.now(UTC) - ANSWERS_KEPT))
            await is_loaded(client)  # waits for the read models, so that the visitor need not
    sys.stdout.write(welcome(address, key.key, data))
    sys.stdout.flush()


async def _load(client: httpx.AsyncClient, console: Console, answers_since: datetime) -> None:
    """Load under a progress bar, which makes way for one line at the end."""
    plans = guest_folios()
    everything = [*plans, closing_folio()]
    started = time.monotonic()
    columns = (TextColumn("Loading the sample hotels"), BarColumn(), TaskProgressColumn(), TimeRemainingColumn())
    # Where nobody watches, only the line at the end: a bar would leave its traces in a log.
    with Progress(*columns, console=console, transient=True, disable=not console.is_terminal) as progress:
        task = progress.add_task("", total=sum(len(plan.commands) for plan in everything))
        await load(client, plans, answers_since, lambda done: progress.advance(task, done))
    seconds = time.monotonic() - started
    folios = len(set().union(*(plan.folio_ids for plan in everything)))
    bills = sum(plan.bill_count for plan in everything)
    console.print(f"Loaded {len(HOTELS)} sample hotels, {folios:,} folios, {bills:,} bills in {seconds:.1f} s.")
