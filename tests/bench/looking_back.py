"""Looking back on a folio of 500 events: as it is, as it was, its history, its proof."""

from contextlib import ExitStack
from dataclasses import asdict

from tests.bench.given import client_of, taken, written_lines
from tests.bench.loader import load
from tests.bench.results import Effort, Figure, Measurement
from tests.bench.services import Running
from tests.bench.site import opened_site

CONNECTIONS = 1
FOLIO = "/v1/folios/FOLIO-500"
BILLS, COMMANDS_ON_A_BILL = 50, 9
BILL = {"accommodationId": "HOTEL-1", "name": "Room charge", "totalAmount": 150_000}
PAYMENT = {"paymentMethod": "CARD", "amount": 100, "paidAt": "2026-11-20T10:00:00+09:00", "applyToBalance": True}


def measure(effort: Effort) -> Measurement:
    """Each query by itself. Raises CannotMeasure."""
    with opened_site(effort.folder) as site, ExitStack() as stack:
        folio = stack.enter_context(site.folio())
        effort.say("recording a folio of 500 events")
        half = fill(folio)
        figures, rounds = [], []
        for name, address in addresses(half).items():
            effort.say(f"asking for {name}")
            paths = stack.enter_context(written_lines([address]))
            loaded = load(folio, "get_any.lua", CONNECTIONS, effort.seconds, PATHS=paths)
            for percent, latency in (("p50", loaded.p50_milliseconds), ("p99", loaded.p99_milliseconds)):
                figures.append(Figure(percent, "ms", name, latency if loaded.refused == 0 else None))
            rounds.append({"of": name, **asdict(loaded)})
    return Measurement(
        "looking_back",
        "Look back on a folio",
        f"{CONNECTIONS} connection, a folio of 500 events on {BILLS} bills; half-way means half of them",
        figures,
        rounds,
    )


def addresses(half: int) -> dict[str, str]:
    """What is asked for."""
    return {
        "now": FOLIO,
        "half-way": f"{FOLIO}?position={half}",
        "in effect then": f"{FOLIO}?position={2 * half}&effectiveAt=2200-01-01T00:00:00Z",
        "history, 100": f"{FOLIO}/history",
        "history, 500": f"{FOLIO}/history?limit=500",
        "explained": f"{FOLIO}/explain",
        "difference": f"{FOLIO}/diff?from={half}",
        "proof": f"{FOLIO}/proof",
    }


def fill(folio: Running) -> int:
    """Record the events; returns the position half-way. Raises CannotMeasure."""
    with client_of(folio) as client:
        for _ in range(BILLS):
            bill = taken(client.post(f"{FOLIO}/bills", json=BILL)).json()["id"]
            for number in range(COMMANDS_ON_A_BILL):
                if number % 2:
                    taken(client.patch(f"/v1/bills/{bill}", json={"name": f"Room charge {number}"}))
                else:
                    taken(client.post(f"/v1/bills/{bill}/payments", json=PAYMENT))
        return int(taken(client.get(FOLIO)).headers["Folio-Position"]) // 2
