"""The queries about evidence: for auditors, who get events as they are stored."""

import asyncio

import msgspec
from starlette.requests import Request
from starlette.responses import Response

from projections.reading import NotCaughtUp
from services.access import AUDIT_ROLES, Caller
from services.desk.evidence import Evidence
from services.desk.pages import cursor_of
from services.desk.requests import freshness_of
from services.rest.query_routes import Query, limit_of, position_in


class EvidenceQueries:
    """What the queries about evidence answer."""

    def __init__(self, evidence: Evidence) -> None:
        self._evidence = evidence

    async def get_proof(self, request: Request, caller: Caller) -> Response:
        """Every event of the folio as it is stored, with its chain up to a signed checkpoint.

        `folio verify PACKAGE --key FILE` checks the answer offline; services/evidence/FORMAT.md says how others can.
        """
        wanted = freshness_of(request).min_position
        package = await self._evidence.proof(request.path_params["folioId"], wanted, caller)
        position = package.checkpoint.position
        if position < wanted:
            raise NotCaughtUp(position, wanted)
        headers = {"Folio-Position": str(position)}
        content = await asyncio.to_thread(lambda: msgspec.json.encode(package.document()))
        return Response(content, 200, headers, "application/json")

    async def list_checkpoints(self, request: Request, caller: Caller) -> Response:
        """The signed roots over all folios, newest first; each names the one before it by its digest."""
        freshness_of(request)
        limit = limit_of(request)
        found = await self._evidence.checkpoints(position_in(request), limit + 1)
        page = found[:limit]
        more = cursor_of(page[-1].number) if len(found) > limit else None
        return _answer({"items": [checkpoint.document() for checkpoint in page], "nextCursor": more})

    async def list_signing_keys(self, request: Request, caller: Caller) -> Response:
        """The public keys that checkpoints were signed with. Compare them with what the operator gave you."""
        freshness_of(request)
        items = [
            {"keyId": key.key_id, "publicKey": key.public_key, "firstUsedAt": key.first_used_at}
            for key in await self._evidence.keys()
        ]
        return _answer({"items": items})

    def table(self) -> tuple[Query, ...]:
        """Every query, a line each."""
        # fmt: off
        return (
            Query("/v1/folios/{folioId}/proof", "The proof of a folio's events", "Proof", self.get_proof,
                  roles=AUDIT_ROLES),
            Query("/v1/audit/checkpoints", "Signed checkpoints, newest first", "CheckpointPage", self.list_checkpoints,
                  ("limit", "cursor"), roles=AUDIT_ROLES),
            Query("/v1/audit/keys", "The public keys of the checkpoints", "SigningKeys", self.list_signing_keys,
                  roles=AUDIT_ROLES),
        )
        # fmt: on


def _answer(body: object) -> Response:
    return Response(msgspec.json.encode(body), 200, media_type="application/json")
