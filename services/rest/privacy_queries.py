"""The query about a guest: everything that is kept, in the clear, for administrators alone."""

import msgspec
from starlette.requests import Request
from starlette.responses import Response

from services.access import ADMIN_ROLES, Caller
from services.desk.guest_export import GuestExport
from services.desk.requests import freshness_of
from services.rest.query_routes import Query

NOT_KEPT_ELSEWHERE = {"Cache-Control": "no-store"}


class PrivacyQueries:
    """What the query about a guest answers."""

    def __init__(self, export: GuestExport) -> None:
        self._export = export

    async def export_guest(self, request: Request, caller: Caller) -> Response:
        """What is kept of the folio's guest, in the clear, for a key with the role admin; who asked is logged.

        Once the guest was forgotten, `forgottenAt` says when, and what was personal is null.
        """
        found = await self._export.of_folio(request.path_params["folioId"], caller, freshness_of(request))
        headers = {"Folio-Position": str(found.position), **NOT_KEPT_ELSEWHERE}
        return Response(msgspec.json.encode(found.view), 200, headers, "application/json")

    def table(self) -> tuple[Query, ...]:
        """Every query, a line each."""
        return (
            Query(
                "/v1/folios/{folioId}/privacy/export",
                "Everything that is kept of a guest",
                "GuestExport",
                self.export_guest,
                roles=ADMIN_ROLES,
            ),
        )
