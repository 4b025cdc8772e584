"""Writes beside another load: bills, added at a steady pace."""

import http.client
import json
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field

from tests.bench.services import Running
from tests.bench.site import ADMIN_KEY

PER_SECOND = 100
WRITERS = 10
BODY = json.dumps({"accommodationId": "HOTEL-1", "name": "Room charge", "totalAmount": 150_000})
ANSWER_SECONDS_MAX = 10.0


@dataclass
class Written:
    """How many commands were taken, and how many were not, in how many seconds."""

    taken: int = 0
    refused: int = 0
    seconds: float = 0.0
    _lock: threading.Lock = field(default_factory=threading.Lock, repr=False)

    def count(self, *, success: bool) -> None:
        """Count an answer."""
        with self._lock:
            self.taken += success
            self.refused += not success


@contextmanager
def writing_steadily(service: Running) -> Iterator[Written]:
    """Add 100 bills a second over ten connections while this context lasts."""
    written = Written()
    ended = threading.Event()
    writers = [
        threading.Thread(target=_write, args=(service, number, written, ended), name=f"writer {number}", daemon=True)
        for number in range(WRITERS)
    ]
    begun = time.monotonic()
    for writer in writers:
        writer.start()
    try:
        yield written
    finally:
        ended.set()
        for writer in writers:
            writer.join()
        written.seconds = time.monotonic() - begun


def _write(service: Running, number: int, written: Written, ended: threading.Event) -> None:
    connection = http.client.HTTPConnection("127.0.0.1", service.port, timeout=ANSWER_SECONDS_MAX)
    headers = {"Authorization": f"Bearer {ADMIN_KEY}", "Content-Type": "application/json"}
    interval = WRITERS / PER_SECOND
    due = time.monotonic() + interval * number / WRITERS
    while not ended.wait(max(0.0, due - time.monotonic())):
        due += interval
        try:
            connection.request("POST", f"/v1/folios/STEADY-{number}/bills", BODY, headers)
            answer = connection.getresponse()
            answer.read()
            written.count(success=answer.status == 201)
        except (OSError, http.client.HTTPException):
            connection.close()  # it connects again with the next request
            written.count(success=False)
    connection.close()
