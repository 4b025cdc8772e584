"""What only shows on a real connection: how bodies arrive, and what is no HTTP at all."""

import asyncio

import pytest

from services.bootstrap import Service
from tests.conftest import ADMIN_KEY, Desk
from tests.rest.support import nothing_written

Address = tuple[str, int]

MEBIBYTE = 1024 * 1024
SECONDS_MAX = 15
HEAD = f"POST /v1/folios/FOLIO-1/bills HTTP/1.1\r\nHost: folio\r\nAuthorization: Bearer {ADMIN_KEY}\r\n"
BODY = b'{"accommodationId":"HOTEL-1","name":"Room","totalAmount":1}'


async def exchange(address: Address, *parts: bytes, patient: bool = True) -> bytes:
    """Send bytes and return all that is answered until the server is silent or closes."""
    reader, writer = await asyncio.open_connection(*address)
    answer = b""
    try:
        async with asyncio.timeout(SECONDS_MAX):
            for part in parts:
                writer.write(part)
                await writer.drain()
            if patient:
                writer.write_eof()
            while data := await reader.read(65_536):
                answer += data
                if not patient and b"\r\n\r\n" in answer:
                    break
    except ConnectionError:
        pass  # the server need not read what it has refused
    finally:
        writer.close()
    return answer


def chunked(size: int) -> list[bytes]:
    chunk = b"10000\r\n" + b" " * 65_536 + b"\r\n"
    return [chunk] * (size // 65_536) + [b"0\r\n\r\n"]


async def test_a_body_that_says_it_is_too_large_is_refused_before_it_is_sent(
    address: Address, service: Service
) -> None:
    async with nothing_written(service):
        head = f"{HEAD}Content-Length: {2 * MEBIBYTE}\r\n\r\n".encode()
        answer = await exchange(address, head, patient=False)
        assert answer.startswith(b"HTTP/1.1 413 ")
        assert b"application/problem+json" in answer
        answer = await exchange(address, head, *[b" " * 65_536] * 32)
        assert answer.startswith(b"HTTP/1.1 413 ") or answer == b"", "what was sent in vain may reset the connection"


async def test_a_body_without_a_length_is_refused_as_soon_as_it_is_too_large(
    address: Address, service: Service
) -> None:
    head = f"{HEAD}Transfer-Encoding: chunked\r\n\r\n".encode()
    async with nothing_written(service):
        for size in (2 * MEBIBYTE, 64 * MEBIBYTE):
            answer = await exchange(address, head, *chunked(size), patient=False)
            assert answer == b"" or answer.startswith(b"HTTP/1.1 413 ")
        slow = asyncio.create_task(exchange(address, head, *chunked(2 * MEBIBYTE)[:-1], patient=False))
        assert (await slow).startswith(b"HTTP/1.1 413 "), "answered although the body never ended"


async def test_a_body_in_chunks_is_read_like_any_other(desk: Desk, address: Address) -> None:
    chunks = b"".join(b"1\r\n" + bytes([byte]) + b"\r\n" for byte in BODY) + b"0\r\n\r\n"
    answer = await exchange(address, f"{HEAD}Transfer-Encoding: chunked\r\n\r\n".encode(), chunks, patient=False)
    assert answer.startswith(b"HTTP/1.1 201 ")
    assert len((await desk.folio("FOLIO-1"))["bills"]) == 1


async def test_a_caller_that_leaves_in_the_middle_of_its_body_writes_nothing(
    address: Address, service: Service
) -> None:
    async with nothing_written(service):
        for head in (
            f"{HEAD}Content-Length: {len(BODY) + 1}\r\n\r\n",
            f"{HEAD}Transfer-Encoding: chunked\r\n\r\n3b\r\n",
        ):
            await exchange(address, head.encode() + BODY)
        await asyncio.sleep(0.2)


@pytest.mark.parametrize(
    "nonsense",
    [
        b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03", b"GET\r\n\r\n", b"GET / HTTP/9.9\r\n\r\n", b"\x00" * 100,
        b"GET /\xff\xfe HTTP/1.1\r\nHost: folio\r\n\r\n", b"GET / HTTP/1.1\r\nHost: folio\r\nX-A: a\x00b\r\n\r\n",
        b"GET /" + b"a" * 200_000 + b" HTTP/1.1\r\nHost: folio\r\n\r\n",
        b"POST / HTTP/1.1\r\nHost: f\r\nContent-Length: -1\r\n\r\n",
        b"POST / HTTP/1.1\r\nHost: f\r\nContent-Length: 5\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
        b"GET / HTTP/1.1\r\nHost: f\r\n" + b"".join(b"X-%d: 1\r\n" % number for number in range(5_000)) + b"\r\n",
    ],
)  # fmt: skip
async def test_what_is_no_http_harms_nobody(address: Address, service: Service, nonsense: bytes) -> None:
    async with nothing_written(service):
        answer = await exchange(address, nonsense)
    assert answer == b"" or answer.startswith((b"HTTP/1.1 4", b"HTTP/1.1 307"))
    assert b"Traceback" not in answer
    healthy = await exchange(address, b"GET /health/live HTTP/1.1\r\nHost: folio\r\n\r\n", patient=False)
    assert healthy.startswith(b"HTTP/1.1 200 ")
