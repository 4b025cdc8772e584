"""Asking REST and GraphQL for the same."""

from typing import Any

import httpx

from tests.graphql.asking import Asking
from tests.graphql.documents import mutation_with
from tests.operations import Answer, Asked
from tests.properties.driver import Driver
from tests.properties.graphql_driver import GraphqlDriver, answer_of, arguments_of
from tests.properties.rest_driver import RestDriver

NO_PLACE = ""
"""Where a fault points when the body is no JSON, or has a number in it that is too long for any."""


class Faces:
    """Both faces of the service, for the holder of one key."""

    def __init__(self, client: httpx.AsyncClient) -> None:
        self.client = client
        self.rest, self.graphql = RestDriver(client), GraphqlDriver(client)
        self.both: tuple[Driver, Driver] = self.rest, self.graphql

    async def in_document(self, asked: Asked) -> Answer:
        """GraphQL's answer to a document that has all values in itself, and no variables."""
        document = mutation_with(asked.mutation, arguments_of(asked))
        return answer_of(await Asking(self.client).post(document, asked.key_header), asked)

    async def expect(self, code: str, asked: Asked, sentence: str) -> None:
        """Both must refuse with this code, one sentence and the same values at fault, and GraphQL's document too."""
        rest = await self.rest.ask(asked)
        assert rest.code == code, f"{sentence}: {rest}"
        assert await self.graphql.ask(asked) == rest, sentence
        assert await self.in_document(asked) == rest, sentence

    async def expect_code(self, code: str, asked: Asked, pointer: str, sentence: str) -> None:
        """Both must refuse with this code, and name the value that the pointer leads to.

        GraphQL may name none: when it finds the fault itself, before the command has seen the values.
        """
        rest = await self.rest.ask(asked)
        assert rest.code == code, f"{sentence}: {rest}"
        assert any(each.startswith(pointer) or each == NO_PLACE for each in pointers(rest)), f"{sentence}: {rest}"
        for answer in (await self.graphql.ask(asked), await self.in_document(asked)):
            assert answer.code == code, f"{sentence}: {answer}"
            assert pointers(answer) in ([], pointers(rest)), f"{sentence}: {answer}"


def pointers(answer: Answer) -> list[Any]:
    """Where the values at fault are."""
    return [fault["pointer"] for fault in answer.faults]
