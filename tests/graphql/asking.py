"""Sending documents in tests, and what their errors must look like."""

from typing import Any

import httpx

from tests.rest.support import LEAKS

ERROR_MEMBERS = {"code", "errors", "requestId"}


class Asking:
    """Sends documents by POST."""

    def __init__(self, client: httpx.AsyncClient) -> None:
        self.client = client

    async def post(self, query: str, headers: dict[str, str] | None = None, **variables: Any) -> httpx.Response:
        """The answer as it came."""
        body = {"query": query, "variables": variables}
        return await self.client.post("/graphql", json=body, headers=headers or {})

    async def data(self, query: str, headers: dict[str, str] | None = None, **variables: Any) -> Any:
        """The data of an answer that must have no errors."""
        response = await self.post(query, headers, **variables)
        assert response.status_code == 200, response.text
        answer = response.json()
        assert "errors" not in answer, answer["errors"]
        return answer["data"]

    async def errors(self, query: str, headers: dict[str, str] | None = None, **variables: Any) -> list[dict[str, Any]]:
        """The errors of an answer that must have some, each with its code."""
        return errors_of(await self.post(query, headers, **variables))

    async def codes(self, query: str, headers: dict[str, str] | None = None, **variables: Any) -> list[str]:
        """The codes of the errors."""
        return [error["extensions"]["code"] for error in await self.errors(query, headers, **variables)]


def errors_of(response: httpx.Response) -> list[dict[str, Any]]:
    """The errors of an answer, which must give nothing away."""
    assert [leak for leak in LEAKS if leak in response.text] == [], response.text
    errors: list[dict[str, Any]] = response.json()["errors"]
    assert errors
    for error in errors:
        assert error["message"]
        assert error["extensions"].keys() == ERROR_MEMBERS, error
        assert error["extensions"]["requestId"] == response.headers["X-Request-Id"]
    return errors
