"""From outcomes, rows and problems to HTTP answers."""

import msgspec
from starlette.responses import Response

from services.billing.views import View
from services.desk.lookups import Found, Page
from services.desk.opening import Opener, encode, encode_in_pieces
from services.desk.outcomes import Outcome
from services.desk.problems import Problem

PROBLEM_TYPE = "application/problem+json"


async def answer(outcome: Outcome, opener: Opener) -> Response:
    """The answer to a command."""
    headers = {}
    if outcome.version is not None:
        headers["ETag"] = f'"{outcome.version}"'
    if outcome.location is not None:
        headers["Location"] = outcome.location
    if outcome.position is not None:
        headers["Folio-Position"] = str(outcome.position)
    if outcome.replayed:
        headers["Idempotency-Replayed"] = "true"
    content = None if outcome.body is None else await encode(outcome.body, opener)
    media_type = None if content is None else PROBLEM_TYPE if outcome.problem else "application/json"
    return Response(content, outcome.status, headers, media_type)


async def found(thing: Found[View], opener: Opener) -> Response:
    """The answer to a query for one thing, with the position that it is from."""
    encoded = await (encode_in_pieces if thing.large else encode)(thing.view, opener)
    return _query_answer(encoded, thing.position, thing.version)


async def found_page(page: Page, opener: Opener) -> Response:
    """The answer to a query for a list."""
    body = {"items": page.views, "nextCursor": page.next_cursor}
    return _query_answer(await encode(body, opener), page.position, page.version)


def _query_answer(content: bytes, position: int, version: int | None) -> Response:
    headers = {"Folio-Position": str(position)}
    if version is not None:
        headers["ETag"] = f'"{version}"'
    return Response(content, 200, headers, "application/json")


def refuse(problem: Problem, request_id: str) -> Response:
    """The answer to a request that is not carried out, as RFC 9457 `application/problem+json`."""
    return Response(msgspec.json.encode(problem.body(request_id)), problem.status, problem.headers, PROBLEM_TYPE)
