"""The queries for reports: which there are, and each of them; and which business days are closed."""

from starlette.requests import Request
from starlette.responses import Response

from projections.reports import REPORTS
from services.access import Caller
from services.billing.ids import PMS_ID_PATTERN
from services.desk.lookups import Found, Lookups
from services.desk.opening import Opener
from services.desk.report_desk import JSON, PARAMETERS, ReportDesk, all_formats, described, media_type_of, question_of
from services.desk.requests import freshness_of
from services.rest.answers import found
from services.rest.openapi import Document, one_of
from services.rest.query_routes import Query, limit_of
from services.rest.report_stream import ReportStream, unless_gone

CLOSED = 499
"""The status in the service's own log of a request whose sender has gone; nobody receives it."""

DAY: Document = {"schema": {"type": "string", "format": "date"}}
DESCRIBED: dict[str, Document] = {
    "name": one_of("Which report", tuple(REPORTS)),
    "from": {"description": "The first business day; not needed by reports of how things stand", **DAY},
    "to": {"description": "The last business day, included; the period is up to 5 years", "required": True, **DAY},
    "groupBy": {"description": "How to group it, see the list of reports", "schema": {"type": "string"}},
    "format": one_of("In this format; pictures (svg, png) of some reports", tuple(all_formats())),
    "position": {
        "description": "As of this position of the log: the same bytes, whenever it is asked for",
        "schema": {"type": "integer", "minimum": 0},
    },
    "folioId": {
        "description": "Only of this folio of the accommodation",
        "schema": {"type": "string", "pattern": PMS_ID_PATTERN},
    },
    "explain": one_of("With the events that its figures are made of", ("true", "false")),
    "bom": one_of("CSV begins with a byte order mark, for Excel", ("true", "false")),
}
OTHER_MEDIA_TYPES = tuple(media_type_of(each) for each in all_formats() if each != JSON)


class ReportQueries:
    """What the queries for reports answer."""

    def __init__(self, lookups: Lookups, reports: ReportDesk, opener: Opener) -> None:
        self._lookups = lookups
        self._reports = reports
        self._opener = opener

    async def list_reports(self, request: Request, caller: Caller) -> Response:
        """Every report with its groupings, formats and columns, and what these mean."""
        accommodation_id = request.path_params["accommodationId"]
        known = await self._lookups.accommodation(accommodation_id, caller, freshness_of(request))
        items = [described(report) for report in REPORTS.values()]
        return await found(Found({"items": items}, known.position), self._opener)

    async def get_report(self, request: Request, caller: Caller) -> Response:
        """A report for the business days `from` to `to`, both included.

        It says the position of the log that it was made from; asked again with `position`, the answer is the same to
        the byte. With `explain=true` it also lists the events that its figures add up from: JSON after the rows, other
        formats instead of them. Amounts are in minor units. Of a CSV, a text that a spreadsheet would take for a
        formula begins with an apostrophe.
        """
        accommodation_id, name = request.path_params["accommodationId"], request.path_params["name"]
        question = question_of(name, accommodation_id, request.query_params)
        produced = await unless_gone(request, self._reports.produce(question, caller, freshness_of(request)))
        return Response(status_code=CLOSED) if produced is None else ReportStream(produced, question.file_name)

    async def list_days(self, request: Request, caller: Caller) -> Response:
        """The business day that events belong to now, and the days that were closed, newest first."""
        accommodation_id = request.path_params["accommodationId"]
        freshness_of(request)
        return await found(await self._lookups.days(accommodation_id, limit_of(request), caller), self._opener)

    def table(self) -> tuple[Query, ...]:
        """Every query, a line each."""
        # fmt: off
        return (
            Query("/v1/accommodations/{accommodationId}/reports", "The reports that there are", "Reports",
                  self.list_reports),
            Query("/v1/accommodations/{accommodationId}/reports/{name}", "A report", "ReportAnswer",
                  self.get_report, PARAMETERS, described=DESCRIBED, media_types=OTHER_MEDIA_TYPES),
            Query("/v1/accommodations/{accommodationId}/days", "Business days: the open one and those closed",
                  "BusinessDays", self.list_days, ("limit",)),
        )
        # fmt: on
