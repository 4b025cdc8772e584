"""Section 1: accommodationId, folioId and reservationId are opaque, 1 to 64 of A-Z a-z 0-9 . _ : - and nothing else."""

import asyncio
import re
from urllib.parse import quote

import httpx
from hypothesis import example, given
from hypothesis import strategies as st

from tests.properties.profile import tried

ALLOWED = "ABYZabyz0189._:-"
FORM = re.compile("[A-Za-z0-9._:-]{1,64}")

right = st.text(ALLOWED, min_size=1, max_size=64).filter(lambda text: text not in {".", ".."})
"""Without the two that no client can put into a path: RFC 3986 takes them out (section 5.2.4)."""

endings = st.sampled_from(["\n", " ", "%", "é", "\x7f", "~", "+", "\uff10", "A" * 64, ""])
nearly_right = st.tuples(right, endings).map("".join)
ids = right | nearly_right


async def post(client: httpx.AsyncClient, folio: str, accommodation: str, reservation: str) -> httpx.Response:
    """Add a bill under these ids."""
    body = {"name": "Room", "totalAmount": 1, "accommodationId": accommodation, "reservationId": reservation}
    return await client.post(f"/v1/folios/{quote(folio, safe='')}/bills", json=body)


async def test_an_id_of_the_pms_is_kept_as_it_is_or_refused_for_its_form(client: httpx.AsyncClient) -> None:
    loop = asyncio.get_running_loop()

    @tried(60)
    @given(ids, ids)
    @example("FOLIO-1\n", "RES-1")
    @example("FOLIO-1", "RES-1\n")
    @example("A" * 64, ":")
    @example("A" * 65, ":")
    def any_ids(folio: str, reservation: str) -> None:
        response = asyncio.run_coroutine_threadsafe(post(client, folio, f"H{folio}"[:64], reservation), loop).result()
        if FORM.fullmatch(folio) and FORM.fullmatch(reservation):
            assert response.status_code == 201, response.text
            assert (response.json()["folioId"], response.json()["reservationId"]) == (folio, reservation)
        else:
            assert (response.status_code, response.json()["code"]) == (400, "INVALID_PARAMETER")

    await asyncio.to_thread(any_ids)
