"""`folio demo`: the service, and beside it what makes the key, loads the sample hotels and welcomes the visitor."""

import socket
import sys
import time
from datetime import UTC, datetime, timedelta
from pathlib import Path

import httpx
from pydantic import SecretStr
from rich.console import Console
from rich.progress import BarColumn, Progress, TaskProgressColumn, TextColumn, TimeRemainingColumn

from services.bootstrap import make_service
from services.demo.catalogue import HOTELS
from services.demo.client import DemoFailed, ask, open_client, wait_until_ready
from services.demo.key import demo_key
from services.demo.loading import is_loaded, load
from services.demo.provider import sandbox
from services.demo.sample_hotel import closing_folio, guest_folios
from services.demo.welcome import AMOUNT, NO_BILL, welcome
from services.evidence.keys import make_private_key
from services.payssam.callback import PATH as CALLBACK_PATH
from services.payssam.client import PayssamClient
from services.provision import CHECKPOINTS, SIGNING_KEY, Collecting, Seal
from services.serving import serve

__all__ = ["DemoFailed", "run_demo"]

SANDBOX_PORT_STEP = 10
"""The provider's sandbox listens this much above the service: 8090 with 8080."""
ANSWERS_KEPT = timedelta(days=30)
"""For how long, at least, the service answers again under an idempotency key."""


async def run_demo(conninfo: str, listening: socket.socket, data: Path, admin_key: SecretStr | None = None) -> None:
    """Serve until interrupted, with the sample hotels. Raises DemoFailed, psycopg.Error."""
    address = "http://{}:{}".format(*listening.getsockname())
    async with sandbox(data, listening.getsockname()[1] + SANDBOX_PORT_STEP) as provider:
        key = SecretStr(provider.api_key)
        client = PayssamClient(provider.address, provider.api_key, "v2", address + CALLBACK_PATH)

        async def meanwhile() -> None:
            await _prepare(conninfo, address, provider.address, data)

        seal = Seal(make_private_key(data / SIGNING_KEY), data / f"{CHECKPOINTS}.jsonl")
        admin = None if admin_key is None else admin_key.get_secret_value()
        service = make_service(conninfo, admin, Collecting(client, key), introspection=True, seal=seal)
        await serve(service, listening, meanwhile)


async def _prepare(conninfo: str, address: str, provider: str, data: Path) -> None:
    console = Console(stderr=True, highlight=False, soft_wrap=True)
    async with open_client(address) as client:
        await wait_until_ready(client, console.print)
        key = await demo_key(client, conninfo, data)
        client.headers["Authorization"] = f"Bearer {key.key}"
        if not await is_loaded(client):
            await _load(client, console, max(key.made_at, datetime.now(UTC) - ANSWERS_KEPT))
            await is_loaded(client)  # waits for the read models, so that the visitor need not
        bill_id = await _bill_to_ask_for(client)
    sys.stdout.write(welcome(address, provider, key.key, bill_id, data))
    sys.stdout.flush()


async def _bill_to_ask_for(client: httpx.AsyncClient) -> str:
    """A bill that a guest still owes something of."""
    response = await ask(client, "GET", f"/v1/accommodations/{HOTELS[0].id}/bills?status=OPEN&limit=500")
    owing = (str(bill["id"]) for bill in response.json()["items"] if bill["balanceAmount"] >= AMOUNT)
    return next(owing, NO_BILL)


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
