"""A partner of the sandbox: bodies as the provider documents them, hashes made here."""

import asyncio
import contextlib
import hashlib
import itertools
import socket
import time
from collections.abc import Awaitable, Callable
from typing import Any, Self

import httpx

DEADLINE_SECONDS = 10.0
PRICE = "50000"
PHONE = "01012345678"

_numbers = itertools.count(1)


def listening_socket() -> socket.socket:
    """A socket that listens on a free port of this machine."""
    return socket.create_server(("127.0.0.1", 0))


def digest(*parts: object) -> str:
    """The hash of parts, as documented."""
    return hashlib.sha256(",".join(map(str, parts)).encode("utf-8")).hexdigest()


def new_bill_id() -> str:
    """An id that no other test uses."""
    return f"BILL{next(_numbers):06}"


def v1_send(bill_id: str, price: str = PRICE, phone: str = PHONE, **more: Any) -> dict[str, Any]:
    """A V1 body for send; `more` goes into the bill."""
    bill = {
        "bill_id": bill_id,
        "product_nm": "객실 1박",
        "member_nm": "홍길동",
        "phone": phone,
        "price": price,
        "hash": digest(bill_id, phone, price),
        **more,
    }
    return {"apikey": "sandbox-key", "member": "hotel", "merchant": "seoul", "bill": bill}


def v2_send(bill_id: str, price: str = PRICE, phone: str = PHONE, **more: Any) -> dict[str, Any]:
    """A V2 body for send; `more` goes into the bill."""
    bill = {
        "billId": bill_id,
        "sendType": "TALK",
        "productName": "객실 1박",
        "memberName": "홍길동",
        "phone": phone,
        "price": price,
        "hash": digest(bill_id, phone, price),
        **more,
    }
    return {"apiKey": "sandbox-key", "member": "hotel", "merchant": "seoul", "bill": bill}


def v1_about(bill_id: str, price: str | None = None, **more: Any) -> dict[str, Any]:
    """A V1 body for the calls about a sent bill; with a price also the hash."""
    priced = {} if price is None else {"price": price, "hash": digest(bill_id, price)}
    return {"apikey": "sandbox-key", "member": "hotel", "merchant": "seoul", "bill_id": bill_id, **priced, **more}


def v2_about(bill_id: str, price: str | None = None, **more: Any) -> dict[str, Any]:
    """A V2 body for the calls about a sent bill; with a price also the hash."""
    priced = {} if price is None else {"price": price, "hash": digest(bill_id, price)}
    bill = {"billId": bill_id, **priced, **more}
    return {"apiKey": "sandbox-key", "member": "hotel", "merchant": "seoul", "bill": bill}


class Partner:
    """What tests do with a sandbox, in a line."""

    def __init__(self, port: int) -> None:
        self.client = httpx.AsyncClient(base_url=f"http://127.0.0.1:{port}", timeout=DEADLINE_SECONDS)

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(self, *_: object) -> None:
        await self.client.aclose()

    async def call(self, path: str, body: Any) -> Any:
        """The JSON answer to a body."""
        return (await self.client.post(path, json=body)).json()

    async def code(self, path: str, body: Any) -> Any:
        """The code of the answer to a body."""
        return (await self.call(path, body))["code"]

    async def sent(self, **more: Any) -> str:
        """Send a new bill in V2; its id."""
        bill_id = new_bill_id()
        answer = await self.call("/bill", v2_send(bill_id, **more))
        assert answer["code"] == "0000", answer
        return bill_id

    async def sent_until_taken(self, **more: Any) -> str:
        """Send a new bill while calls go wrong, asking and sending until it is there; its id."""
        bill_id = new_bill_id()
        while True:
            with contextlib.suppress(httpx.TransportError, ValueError, KeyError):
                answer = (await self.client.post("/bill", json=v2_send(bill_id, **more))).json()
                if answer["code"] in ("0000", "9800"):
                    return bill_id

    async def paid(self, **more: Any) -> str:
        """Send a new bill and pay it; its id."""
        bill_id = await self.sent(**more)
        await self.pay(bill_id)
        return bill_id

    async def pay(self, bill_id: str, **body: Any) -> None:
        """Pay a bill through the control API."""
        await self.control(f"bills/{bill_id}/pay", **body)

    async def state(self, bill_id: str) -> Any:
        """The state that `read` tells."""
        return (await self.call("/bill/read", v2_about(bill_id)))["data"]["apprState"]

    async def control(self, path: str, **body: Any) -> None:
        """Order something of the control API."""
        answer = await self.client.post(f"/sandbox/{path}", json=body)
        assert answer.is_success, answer.text

    async def look(self, path: str) -> Any:
        """Ask the control API."""
        answer = await self.client.get(f"/sandbox/{path}")
        assert answer.status_code == 200, answer.text
        return answer.json()


async def until(holds: Callable[[], bool | Awaitable[bool]]) -> None:
    """Wait until something holds."""
    deadline = time.monotonic() + DEADLINE_SECONDS
    while True:
        held = holds()
        if held if isinstance(held, bool) else await held:
            return
        assert time.monotonic() < deadline
        await asyncio.sleep(0.01)
