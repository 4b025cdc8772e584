"""Runs commands over GraphQL, as a PMS would that speaks the Bill API."""

from typing import Any

import httpx

from tests.graphql.asking import Asking, errors_of
from tests.graphql.documents import mutation_of, query_of
from tests.operations import Answer, Asked, faults_with
from tests.properties.driver import Driver


class GraphqlDriver(Driver):
    """The running service, commanded through GraphQL."""

    async def ask(self, asked: Asked) -> Answer:
        """The answer to a document of one mutation, its values sent beside it as variables."""
        response = await Asking(self.client).post(mutation_of(asked.mutation), asked.key_header, **arguments_of(asked))
        return answer_of(response, asked)

    async def bill(self, bill_id: str) -> Any:
        """A bill as it is now, or the code of the error."""
        return await self._find("bill", id=bill_id)

    async def payment(self, payment_id: str) -> Any:
        """A payment as it is now, or the code of the error."""
        return await self._find("payment", id=payment_id)

    async def payments(self, bill_id: str) -> Any:
        """All payments of a bill, or the code of the error."""
        return await self._find("getBillPayments", billId=bill_id)

    async def folio(self, folio_id: str) -> Any:
        """A folio as it is now, or the code of the error."""
        return await self._find("folio", id=self.house + folio_id)

    async def bills(self, accommodation_id: str) -> Any:
        """All bills of an accommodation, newest first."""
        return await self._find("getAccommodationBills", accommodationId=self.house + accommodation_id)

    async def _find(self, query: str, **arguments: Any) -> Any:
        response = await Asking(self.client).post(query_of(query), **arguments)
        answer = self.at_home(response.json())
        if "errors" in answer:
            assert answer["data"] == {query: None}
            return errors_of(response)[0]["extensions"]["code"]
        return answer["data"][query]


def arguments_of(asked: Asked) -> dict[str, Any]:
    """A command as the arguments of its mutation."""
    id_argument = asked.operation.id_argument
    return {
        **({} if id_argument is None else {id_argument: asked.id}),
        **asked.members,
        **({} if asked.version is None else {"expectedVersion": asked.version}),
    }


def answer_of(response: httpx.Response, asked: Asked) -> Answer:
    """The answer to a document that holds this mutation alone; of several codes that of a missing value, as in REST."""
    assert response.status_code == 200, response.text
    answer, replayed = response.json(), "Idempotency-Replayed" in response.headers
    if "errors" not in answer:
        assert int(response.headers["Folio-Position"]) > 0
        return Answer(answer["data"][asked.mutation], replayed=replayed)
    assert answer.get("data") in (None, {asked.mutation: None})
    error, *_ = errors_of(response)
    codes = {each["extensions"]["code"] for each in answer["errors"]}
    code = "REQUIRED_PARAMETER" if "REQUIRED_PARAMETER" in codes else error["extensions"]["code"]
    faults = faults_with(error["extensions"]["errors"], asked.operation.id_argument)
    return Answer(code=code, detail=error["message"], faults=faults, replayed=replayed)
