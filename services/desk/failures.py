"""What keeps a request from being answered, as the problem that its caller is told: the same at every face."""

from collections.abc import Callable, Mapping
from typing import Any

from projections.reading import NotCaughtUp
from projections.report_reading import ReportTooLong, TooManyReports
from services.billing.errors import Refusal
from services.billing.feed import EventUnreadable
from services.billing.ports import StoreUnavailable, TooBusy
from services.collection.errors import CallbackRefused, ProviderUnavailable
from services.desk.problems import Problem, problem_of

NO_DATABASE = "The database does not answer. Send the same request again with the same Idempotency-Key."
BUSY = "Too much is done about the same thing at once; nothing was done. Send the same request again."

FAILURES: Mapping[type[Exception], Callable[[Any], Problem]] = {
    Problem: lambda problem: problem,
    Refusal: problem_of,
    StoreUnavailable: lambda _: Problem("SERVICE_UNAVAILABLE", NO_DATABASE),
    EventUnreadable: lambda error: Problem("SERVICE_UNAVAILABLE", str(error)),
    NotCaughtUp: lambda error: Problem("NOT_CAUGHT_UP", str(error)),
    ReportTooLong: lambda error: Problem("SERVICE_UNAVAILABLE", str(error)),
    TooManyReports: lambda error: Problem("TOO_MANY_REQUESTS", str(error)),
    TooBusy: lambda _: Problem("TOO_MANY_REQUESTS", BUSY),
    ProviderUnavailable: lambda error: Problem("PROVIDER_UNAVAILABLE", str(error)),
    CallbackRefused: lambda error: Problem(error.code, error.detail),
}
"""By the kind of the exception; a kind of its own goes before the one that it is a kind of."""

TRY_AGAIN_LATER = 1013
"""The code that a WebSocket is closed with while nothing can be served, from IANA's registry of RFC 6455."""
FAULT = "This service has a fault; its log holds it under the request's id."


def problem_for(error: BaseException) -> Problem | None:
    """The problem to tell, None when the error is a fault of this service."""
    for kind in type(error).__mro__:
        if kind in FAILURES:
            return FAILURES[kind](error)
    return None
