"""Bytes leave in chunks of one size, whatever the rows are like."""

from collections.abc import AsyncIterator

CHUNK_BYTES = 65_536


async def in_chunks(parts: AsyncIterator[bytes]) -> AsyncIterator[bytes]:
    """The same bytes in chunks of CHUNK_BYTES, the last one smaller."""
    waiting = bytearray()
    async for part in parts:
        waiting += part
        while len(waiting) >= CHUNK_BYTES:
            yield bytes(waiting[:CHUNK_BYTES])
            del waiting[:CHUNK_BYTES]
    if waiting:
        yield bytes(waiting)
