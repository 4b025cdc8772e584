"""What a load starts from: bills, recorded through the service that is loaded."""

import tempfile
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

import httpx

from tests.bench.failing import CannotMeasure
from tests.bench.services import Running
from tests.bench.site import ADMIN_KEY

TOTAL_AMOUNT = 10**12
"""Large, so that no payment exceeds it."""
ANSWER_SECONDS_MAX = 30.0


def client_of(service: Running) -> httpx.Client:
    """A client with the key of the benchmark."""
    headers = {"Authorization": f"Bearer {ADMIN_KEY}"}
    return httpx.Client(base_url=service.address, headers=headers, timeout=ANSWER_SECONDS_MAX)


def taken(answer: httpx.Response) -> httpx.Response:
    """The answer. Raises CannotMeasure when it is no success."""
    if not answer.is_success:
        request = answer.request
        raise CannotMeasure(f"{request.method} {request.url} was answered with {answer.status_code}: {answer.text}")
    return answer


def add_bills(service: Running, count: int) -> list[str]:
    """Add open bills, ten on a folio; returns their ids. Raises CannotMeasure."""
    body = {"accommodationId": "HOTEL-1", "name": "Room charge", "totalAmount": TOTAL_AMOUNT}
    with client_of(service) as client:
        return [
            str(taken(client.post(f"/v1/folios/OPEN-{number // 10}/bills", json=body)).json()["id"])
            for number in range(count)
        ]


@contextmanager
def written_lines(lines: Sequence[str]) -> Iterator[str]:
    """The name of a file with these lines, for a script of the loader."""
    with tempfile.TemporaryDirectory(prefix="folio-bench-") as folder:
        file = Path(folder, "lines")
        file.write_text("\n".join(lines) + "\n")
        yield str(file)
