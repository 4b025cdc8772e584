"""Runs commands over REST, as a PMS would."""

import json
from typing import Any

from tests.operations import Answer, Asked, faults_with
from tests.properties.driver import Driver


class RestDriver(Driver):
    """The running service, commanded through REST."""

    async def ask(self, asked: Asked) -> Answer:
        """The answer to a request."""
        operation = asked.operation
        headers = {"Content-Type": "application/json", **asked.key_header}
        if asked.version is not None:
            headers["If-Match"] = f'"{asked.version}"'
        path, content = operation.path_of(asked.id), json.dumps(asked.members)
        response = await self.client.request(operation.method, path, content=content, headers=headers)
        replayed = "Idempotency-Replayed" in response.headers
        if response.is_error:
            assert response.status_code < 500, response.text
            problem = response.json()
            faults = faults_with(problem["errors"], operation.id_name)
            return Answer(code=problem["code"], detail=problem["detail"], faults=faults, replayed=replayed)
        assert int(response.headers["Folio-Position"]) > 0
        view: Any = response.json() if response.content else True
        return Answer(view["items"] if operation.mutation == "transferBills" else view, replayed=replayed)

    async def bill(self, bill_id: str) -> Any:
        """A bill as it is now, or the code of the error."""
        return await self._get(f"/v1/bills/{bill_id}")

    async def payment(self, payment_id: str) -> Any:
        """A payment as it is now, or the code of the error."""
        return await self._get(f"/v1/payments/{payment_id}")

    async def payments(self, bill_id: str) -> Any:
        """All payments of a bill, or the code of the error."""
        return await self._get_list(f"/v1/bills/{bill_id}/payments?limit=500")

    async def folio(self, folio_id: str) -> Any:
        """A folio as it is now, or the code of the error."""
        return await self._get(f"/v1/folios/{self.house}{folio_id}")

    async def bills(self, accommodation_id: str) -> Any:
        """All bills of an accommodation, newest first."""
        return await self._get_list(f"/v1/accommodations/{self.house}{accommodation_id}/bills?limit=500")

    async def _get_list(self, path: str) -> Any:
        page = await self._get(path)
        if isinstance(page, str):
            return page
        assert page["nextCursor"] is None
        return page["items"]

    async def _get(self, path: str) -> Any:
        response = await self.client.get(path)
        answer = self.at_home(response.json())
        return answer["code"] if response.is_error else answer
