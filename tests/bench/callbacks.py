"""The provider's callbacks: one payment, reported in 1,000 contents over 50 connections, again and again.

Each content is kept, durably, before it is answered. Beside it runs the provider's sandbox, which is asked about
the payment.
"""

import time

import httpx

from tests.bench.failing import CannotMeasure
from tests.bench.given import client_of, taken
from tests.bench.loader import Load, load
from tests.bench.results import Effort, Measurement
from tests.bench.rounds import alternate, figures_of
from tests.bench.services import FOLIO, Running, free_port, running
from tests.bench.site import opened_site

PROVIDER_KEY = "sandbox-key"
CONNECTIONS = 50
SENT_SECONDS_MAX = 30.0


def measure(effort: Effort) -> Measurement:
    """POST /callbacks/payssam. Raises CannotMeasure."""
    port = free_port()
    sandbox = running("sandbox", [*FOLIO, "payssam-sandbox", "--port", str(port)], {}, port)
    with opened_site(effort.folder) as site, sandbox as provider:
        account = {"FOLIO_PAYSSAM_BASE_URL": provider.address, "FOLIO_PAYSSAM_API_KEY": PROVIDER_KEY}
        with site.folio(**account) as folio:
            request = paid_request(folio, provider)

            def loading(service: Running, seconds: int) -> Load:
                return load(service, "callbacks.lua", CONNECTIONS, seconds, KEY=PROVIDER_KEY, REQUEST=request)

            rounds = alternate(site, [folio], loading, effort)
    return Measurement(
        "callbacks",
        "Keep a provider's callback",
        f"{CONNECTIONS} connections, 1,000 contents about one payment, again and again",
        figures_of(rounds),
        [one.kept for one in rounds],
    )


def paid_request(folio: Running, provider: Running) -> str:
    """A payment request that the guest has paid, reported or not. Raises CannotMeasure."""
    with client_of(folio) as client:
        bill = {"accommodationId": "HOTEL-1", "name": "Room", "totalAmount": 50_000}
        bill_id = taken(client.post("/v1/folios/F/bills", json=bill)).json()["id"]
        guest = {"customerName": "홍길동", "phone": "010-1234-5678"}
        request = str(taken(client.post(f"/v1/bills/{bill_id}/payment-requests", json=guest)).json()["id"])
        deadline = time.monotonic() + SENT_SECONDS_MAX
        while taken(client.get(f"/v1/payment-requests/{request}")).json()["status"] != "SENT":
            if time.monotonic() > deadline:
                raise CannotMeasure("the sandbox was not sent the payment request in time")
            time.sleep(0.05)
    taken(httpx.post(f"{provider.address}/sandbox/bills/{request}/pay", json={}))
    return request
