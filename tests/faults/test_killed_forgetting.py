"""A server killed while guests are forgotten: of each the event and the lost key are both there, or neither is."""

import threading
import time
from pathlib import Path

import httpx
import psycopg

from services.store.embedded import attach, discard
from tests.faults.server import HEADERS, Server

FOLIOS, CALLERS, KILLS = 40, 4, 2
ACCOUNT = {"bankCode": "088", "accountNumber": "110-237-480915", "accountHolder": "황보혜린"}
PAYMENT = {
    "paymentMethod": "VIRTUAL_ACCOUNT", "amount": 1, "paidAt": "2026-11-22T14:00:00+09:00", "virtualAccounts": [ACCOUNT]
}  # fmt: skip
SELECT_FORGOTTEN = """
    SELECT key.folio_id, key.data_key IS NULL,
           EXISTS (SELECT FROM ledger.events
                    WHERE originator_id = 'folio/' || key.folio_id AND topic = 'folio.guest_forgotten')
      FROM ledger.personal_data_keys AS key
"""


class Forgetting:
    """Callers that forget one guest after the other, and remember who was answered."""

    def __init__(self, server: Server, folios: list[str]) -> None:
        self._server = server
        self._left = folios
        self.answered: set[str] = set()
        self._callers = [threading.Thread(target=self._call) for _ in range(CALLERS)]
        for caller in self._callers:
            caller.start()

    def _call(self) -> None:
        with httpx.Client(base_url=self._server.address, headers=HEADERS, timeout=20) as client:
            while self._left:
                folio = self._left.pop()
                try:
                    answer = client.post(f"/v1/folios/{folio}/privacy/forget", json={"reason": "case 7"})
                except httpx.TransportError:
                    return
                if answer.status_code == 200:
                    self.answered.add(folio)

    def join(self) -> None:
        """Wait for the callers, which end when the server does."""
        for caller in self._callers:
            caller.join()


def test_a_kill_leaves_the_event_and_the_lost_key_or_neither(tmp_path: Path) -> None:
    data = tmp_path / "data"
    server = Server(data)
    try:
        server.start()
        server.wait_for(200)
        folios = [f"FOLIO-{number}" for number in range(FOLIOS * KILLS)]
        body = {"accommodationId": "HOTEL-1", "name": "Room", "totalAmount": 100, "payments": [PAYMENT]}
        adding = [{"method": "POST", "path": f"/v1/folios/{folio}/bills", "body": body} for folio in folios]
        batch = {"atomic": False, "commands": adding}
        httpx.post(f"{server.address}/v1/commands", json=batch, headers=HEADERS, timeout=60).raise_for_status()
        answered: set[str] = set()
        for turn in range(KILLS):
            forgetting = Forgetting(server, folios[turn * FOLIOS : (turn + 1) * FOLIOS])
            while len(forgetting.answered) < FOLIOS // 4:
                time.sleep(0.001)
            server.kill()
            forgetting.join()
            answered |= forgetting.answered
            server.start()
            server.wait_for(200)
        conninfo = attach(data)
        assert conninfo is not None
        with psycopg.connect(conninfo) as connection:
            found = connection.execute(SELECT_FORGOTTEN).fetchall()
        assert len(found) == len(folios)
        assert [folio for folio, without_key, recorded in found if without_key != recorded] == []
        forgotten = {folio for folio, _, recorded in found if recorded}
        assert answered <= forgotten
        assert len(forgotten) < len(folios), "some were not forgotten before the kill"
    finally:
        server.kill()
        discard(data)
