"""The journey with gql, the GraphQL client of Python."""

import asyncio
from collections.abc import AsyncGenerator, Iterable
from contextlib import AsyncExitStack, aclosing
from typing import Any

import httpx
from gql import GraphQLRequest
from gql.client import AsyncClientSession
from gql.transport.exceptions import TransportQueryError

from tests.journeys.foreign.journey import DOCUMENTS, Line, Step, filled

SECONDS_MAX = 60.0
Answers = AsyncGenerator[dict[str, Any], None]


async def travel(
    asking: AsyncClientSession, following: AsyncClientSession, house: dict[str, str], steps: Iterable[Step]
) -> list[Line]:
    """Make the journey, its subscription over a session of its own; what each step was told."""
    known: dict[str, Any] = {"house": house}
    lines: list[Line] = []
    subscribed: Answers | None = None
    async with asyncio.timeout(SECONDS_MAX), AsyncExitStack() as stack:
        for step in steps:
            if step.guest_pays is not None:
                await _pay(filled(step.guest_pays, known))
                continue
            request = GraphQLRequest(DOCUMENTS[step.document], variable_values=filled(step.variables, known))
            if step.take == 0:
                told = await _ask(asking, request)
            else:
                if subscribed is None:
                    subscribed = await stack.enter_async_context(aclosing(following.subscribe(request)))
                told = {"answers": [_only_value(await anext(subscribed)) for _ in range(step.take)]}
            lines.append({"says": step.says, **told})
            if told.get("refused") != step.refused:
                break  # what follows would build on it
            if step.named is not None:
                known[step.named] = told["answers"]
    return lines


async def _ask(session: AsyncClientSession, request: GraphQLRequest) -> Line:
    try:
        return {"answers": _only_value(await session.execute(request))}
    except TransportQueryError as refusal:
        assert refusal.errors is not None
        error = refusal.errors[0]
        return {"refused": error["extensions"]["code"], "message": error["message"]}


def _only_value(data: dict[str, Any]) -> Any:
    [value] = data.values()
    return value


async def _pay(page: str) -> None:
    async with httpx.AsyncClient() as guest:
        paid = await guest.post(page)
        assert paid.is_redirect, paid.text
