"""Errors as GraphQL has them, each with the code that the other faces use for the same fault."""

import re
from typing import Any

import msgspec
import structlog
from graphql import GraphQLError
from starlette.responses import Response

from services.desk.failures import FAULT, problem_for
from services.desk.parsing import INVALID, REQUIRED
from services.desk.problems import Problem
from services.graphql.pointing import Places

MISSING = re.compile(
    r"^Argument '[^']+' of (required )?type '[^']+' (is required, but it )?was not provided\.$"
    r"|^((Variable|Argument) '[^']+' has invalid value[^:]*: )?Expected ("
    r"a value of non-null type '[^']+' to be provided"
    r"|variable '\$\w+' provided to (non-null )?type '[^']+' (not to be None|to provide a runtime value)"
    r"|value of non-null type '(?!\w+Input!')[^']+' not to be None"  # an input stands in lists only: an item of one
    r"|value of type '[^']+' to include required field )"
)
"""What graphql-core says of a value that is missing or null; its errors have no kinds to tell them apart."""

NAMING = re.compile(r"^(Unknown argument|Argument) '")
"""Messages that name the argument themselves."""
TOO_MANY_DIGITS = "set_int_max_str_digits"
MESSAGE_LENGTH_MAX = 1_000

log = structlog.get_logger()


def describe(error: GraphQLError, request_id: str, places: Places) -> None:
    """Give an error its code and, for a fault of this service, words that tell nothing of its inside.

    An exception is the client's fault only where it is about a value of the document: before the execution, at a node.
    """
    original = error.original_error
    problem = None if original is None else problem_for(original)
    if problem is not None:
        error.message = problem.detail
        error.extensions = _extensions(problem, request_id)
    elif original is None or isinstance(original, GraphQLError) or (error.path is None and error.nodes):
        pointer = places.pointer_of(error)
        code = (error.extensions or {}).get("code") or (REQUIRED if MISSING.match(error.message) else INVALID)
        error.message = _shortened(_in_the_caller_s_words(error.message))
        faults = [] if pointer is None else [{"pointer": pointer, "code": code, "detail": error.message}]
        if pointer and not NAMING.match(error.message):
            error.message = f"{pointer[1:]}: {error.message}"
        error.extensions = {"code": code, "errors": faults, "requestId": request_id}
    else:
        log.error("a field failed", request_id=request_id, path=error.path, exc_info=original)
        error.message = FAULT
        error.extensions = {"code": "INTERNAL_ERROR", "errors": [], "requestId": request_id}


def _in_the_caller_s_words(message: str) -> str:
    """The message without words that are Python's."""
    if TOO_MANY_DIGITS in message:
        return "A number of the document has too many digits."
    return message.replace(" not to be None", " not to be null")


def _shortened(message: str) -> str:
    """The message, but not all of a long value that it repeats."""
    return message if len(message) <= MESSAGE_LENGTH_MAX else f"{message[:MESSAGE_LENGTH_MAX]}…"


def refuse(problem: Problem, request_id: str) -> Response:
    """The answer to a request whose document was not read, with the HTTP status of the problem."""
    error = {"message": problem.detail, "extensions": _extensions(problem, request_id)}
    return Response(msgspec.json.encode({"errors": [error]}), problem.status, problem.headers, "application/json")


def _extensions(problem: Problem, request_id: str) -> dict[str, Any]:
    return {"code": problem.code, "errors": [vars(fault) for fault in problem.faults], "requestId": request_id}
