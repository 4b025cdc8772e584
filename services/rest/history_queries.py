"""The queries about history: what happened, how a balance came about, what changed between two points."""

from starlette.requests import Request
from starlette.responses import Response

from services.access import Caller
from services.desk.cloud_events import TOPICS
from services.desk.differences import difference
from services.desk.history import History, Subject, history_filter
from services.desk.opening import Opener
from services.desk.past import PointInLog, time_or_position
from services.desk.problems import missing
from services.desk.requests import freshness_of
from services.rest.answers import found, found_page
from services.rest.openapi import Document, one_of
from services.rest.query_routes import Query, limit_of, moment_of, position_in

FILTERS = ("from", "to", "actor", "event", "limit", "cursor")
POINTS: dict[str, Document] = {
    "from": {
        "description": "A time (RFC 3339) or a position of the log", "required": True, "schema": {"type": "string"},
    },
    "to": {"description": "A time (RFC 3339) or a position of the log; by default now", "schema": {"type": "string"}},
}  # fmt: skip


class HistoryQueries:
    """What the queries about history answer."""

    def __init__(self, history: History, opener: Opener) -> None:
        self._history = history
        self._opener = opener

    async def history_of_folio(self, request: Request, caller: Caller) -> Response:
        """A page of the folio's events, those of its bills and payment requests among them, oldest first.

        Each says who did it, what it changed, what its bill and the folio owed before and after, and links to the other
        side of a transfer or settlement. Balances are right under any filter. Guests and accounts stay masked.
        """
        return await self._page(request, caller, _folio(request))

    async def history_of_bill(self, request: Request, caller: Caller) -> Response:
        """A page of the events of a bill, deleted or not, and of its payment requests, oldest first."""
        return await self._page(request, caller, _bill(request))

    async def explain_folio(self, request: Request, caller: Caller) -> Response:
        """Every event with an effect on what the folio owes, or owed then; they add up to it."""
        return await self._explain(request, caller, _folio(request))

    async def explain_bill(self, request: Request, caller: Caller) -> Response:
        """Every event with an effect on what the bill owes, or owed then; they add up to it."""
        return await self._explain(request, caller, _bill(request))

    async def diff_of_folio(self, request: Request, caller: Caller) -> Response:
        """What happened after `from` up to `to`, a sentence each; the effects add up to the difference in balance."""
        given = request.query_params
        if "from" not in given:
            detail = "from is missing: a time with an offset, as 2026-11-22T14:00:00Z, or a position of the log."
            raise missing("/from", detail)
        since = time_or_position("/from", given["from"])
        until = time_or_position("/to", given["to"]) if "to" in given else PointInLog()
        folio_id = request.path_params["folioId"]
        return await found(
            await difference(self._history, folio_id, since, until, caller, freshness_of(request)), self._opener
        )

    async def _page(self, request: Request, caller: Caller, subject: Subject) -> Response:
        given = request.query_params
        since, until, actor, topic = (given.get(name) for name in ("from", "to", "actor", "event"))
        wanted = history_filter(since, until, actor, topic, position_in(request))
        page = await self._history.page(subject, wanted, limit_of(request), caller, freshness_of(request))
        return await found_page(page, self._opener)

    async def _explain(self, request: Request, caller: Caller, subject: Subject) -> Response:
        point, freshness = moment_of(request), freshness_of(request)
        return await found(await self._history.explain(subject, point, caller, freshness), self._opener)

    def table(self) -> tuple[Query, ...]:
        """Every query, a line each."""
        past = ("at", "position")
        topics: dict[str, Document] = {"event": one_of("Only with this topic", TOPICS)}
        # fmt: off
        return (
            Query("/v1/folios/{folioId}/history", "What happened on a folio", "HistoryPage",
                  self.history_of_folio, FILTERS, described=topics),
            Query("/v1/bills/{billId}/history", "What happened to a bill", "HistoryPage",
                  self.history_of_bill, FILTERS, described=topics),
            Query("/v1/folios/{folioId}/explain", "How the balance of a folio came about", "Explanation",
                  self.explain_folio, past),
            Query("/v1/bills/{billId}/explain", "How the balance of a bill came about", "Explanation",
                  self.explain_bill, past),
            Query("/v1/folios/{folioId}/diff", "What changed on a folio between two points", "FolioDifference",
                  self.diff_of_folio, ("from", "to"), described=POINTS),
        )
        # fmt: on


def _folio(request: Request) -> Subject:
    return Subject("folio", request.path_params["folioId"])


def _bill(request: Request) -> Subject:
    return Subject("bill", request.path_params["billId"])
