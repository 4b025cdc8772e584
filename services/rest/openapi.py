"""The description of the interface, OpenAPI 3.1, made from the same tables and models that answer."""

import re
from collections.abc import Mapping
from typing import Any

from fastapi import FastAPI
from pydantic import BaseModel
from pydantic.json_schema import models_json_schema

from services.billing.ids import PMS_ID_PATTERN, ULID_PATTERN
from services.collection.payment_request import ID_PATTERN as REQUEST_ID_PATTERN
from services.desk.bodies import BatchBody
from services.desk.commands import COMMANDS, Command
from services.desk.payment_requests import PaymentRequestBody
from services.desk.requests import DAY_NAME
from services.rest.evidence_schemas import EVIDENCE_ANSWERS
from services.rest.history_schemas import HISTORY_ANSWERS
from services.rest.privacy_schemas import PRIVACY_ANSWERS
from services.rest.report_schemas import REPORT_ANSWERS
from services.rest.schemas import ANSWERS as OTHER_ANSWERS

Document = dict[str, Any]

ANSWERS = (*OTHER_ANSWERS, *HISTORY_ANSWERS, *EVIDENCE_ANSWERS, *PRIVACY_ANSWERS, *REPORT_ANSWERS)

REF = "#/components/schemas/{model}"
PROBLEM = {"application/problem+json": {"schema": {"$ref": REF.format(model="Problem")}}}
ID_PATTERNS = {"billId": ULID_PATTERN, "paymentId": ULID_PATTERN, "paymentRequestId": REQUEST_ID_PATTERN}
EXAMPLES = {"accommodationId": "HOTEL-1", "folioId": "FOLIO-204", "date": "2026-11-22"}
POSITION_HEADER = {"Folio-Position": {"description": "Position in the log", "schema": {"type": "integer"}}}

QUERY_PARAMETERS: dict[str, Document] = {
    "at": {
        "description": "As it was at this time (RFC 3339). For a time after the newest event this is what is known"
        " now: an event that is being committed may still come before that time. Ask again with `position` and the"
        " answer's Folio-Position to see the same for good.",
        "schema": {"type": "string", "format": "date-time"},
    },
    "position": {"description": "As it was at this position", "schema": {"type": "integer", "minimum": 0}},
    "effectiveAt": {
        "description": "What was in effect at this time: payments from when they were paid, all else when recorded",
        "schema": {"type": "string", "format": "date-time"},
    },
    "folioId": {"description": "Only of this folio", "schema": {"type": "string", "pattern": PMS_ID_PATTERN}},
    "reservationId": {"description": "Only of this one", "schema": {"type": "string", "pattern": PMS_ID_PATTERN}},
    "updatedSince": {
        "description": "Only changed at or after this time",
        "schema": {"type": "string", "format": "date-time"},
    },
    "from": {
        "description": "Only from this time on (RFC 3339)",
        "schema": {"type": "string", "format": "date-time"},
    },
    "to": {
        "description": "Only before this time (RFC 3339)",
        "schema": {"type": "string", "format": "date-time"},
    },
    "actor": {
        "description": "Only by this PMS user, or by the key of this name",
        "schema": {"type": "string", "minLength": 1, "maxLength": 100},
    },
    "limit": {"description": "Size of a page", "schema": {"type": "integer", "minimum": 1, "maximum": 500}},
    "cursor": {"description": "nextCursor of the page before", "schema": {"type": "string"}},
    "consistency": {
        "description": "`eventual` does not wait for the newest events",
        "schema": {"type": "string", "enum": ["fresh", "eventual"]},
    },
}
COMMAND_HEADERS: list[Document] = [
    {
        "name": "Idempotency-Key", "in": "header",
        "description": "The same key and request get the first answer again",
        "schema": {"type": "string", "pattern": "^[\\x20-\\x7e]{1,255}$"},
    },
    {
        "name": "X-Folio-Actor", "in": "header", "description": "The PMS user, kept in the events",
        "schema": {"type": "string", "minLength": 1, "maxLength": 100, "pattern": "^[!-~]+$"},
    },
]  # fmt: skip
IF_MATCH: Document = {
    "name": "If-Match", "in": "header", "description": "ETag of the bill that this command is decided on",
    "schema": {"type": "string", "pattern": '^("[0-9]{1,9}"|\\*)$'},
}  # fmt: skip

WITHOUT_VERSION = {"add_bill", "forget_guest"}
"""Commands on a folio, which shows no version."""


def one_of(description: str, values: tuple[str, ...]) -> Document:
    """The description of a parameter that takes one of these values."""
    return {"description": description, "schema": {"type": "string", "enum": list(values)}}


def _form_of(name: str) -> Document:
    return {"format": "date"} if name == DAY_NAME else {"pattern": ID_PATTERNS.get(name, PMS_ID_PATTERN)}


def _path_parameters(path: str, described: Mapping[str, Document] | None = None) -> list[Document]:
    return [
        {
            "name": name, "in": "path", "required": True,
            "schema": {"type": "string", **_form_of(name)},
            **({"example": EXAMPLES[name]} if name in EXAMPLES else {}),
            **(described or {}).get(name, {}),
        }
        for name in re.findall(r"\{(\w+)\}", path)
    ]  # fmt: skip


def _answers(status: int, model: str, errors: list[int]) -> Document:
    success: Document = {"description": "Done" if model else "Done; no content", "headers": POSITION_HEADER}
    if model:
        success["content"] = {"application/json": {"schema": {"$ref": REF.format(model=model)}}}
    return {
        str(status): success,
        **{str(error): {"description": "Refused; see `code`", "content": PROBLEM} for error in errors},
    }


COMMAND_ERRORS = [400, 401, 403, 404, 409, 412, 413, 422, 429, 503]
QUERY_ERRORS = [400, 401, 403, 404, 429, 503]


def document_command(command: Command) -> Document:
    """The description of one command."""
    required = any(field.is_required() for field in command.body.model_fields.values())
    headers = COMMAND_HEADERS if command.name in WITHOUT_VERSION else [*COMMAND_HEADERS, IF_MATCH]
    return {
        "parameters": [*_path_parameters(command.path), *headers],
        "requestBody": {
            "required": required,
            "content": {"application/json": {"schema": {"$ref": REF.format(model=command.body.__name__)}}},
        },
        "responses": _answers(command.status, command.answer, COMMAND_ERRORS),
    }


def document_query(
    path: str,
    parameters: tuple[str, ...],
    answer: str,
    statuses: tuple[str, ...] = (),
    described: Mapping[str, Document] | None = None,
    media_types: tuple[str, ...] = (),
) -> Document:
    """The description of one query.

    `statuses` are those that its parameter `status` knows; `described` are parameters that mean something else than
    elsewhere; `media_types` those of its answer besides JSON.
    """
    known = {**QUERY_PARAMETERS, "status": one_of("Only in this status", statuses), **(described or {})}
    named = [{"name": name, "in": "query", **known[name]} for name in (*parameters, "consistency")]
    responses = _answers(200, answer, QUERY_ERRORS)
    responses["200"]["content"].update({media_type: {} for media_type in media_types})
    return {"parameters": [*_path_parameters(path, described), *named], "responses": responses}


def _event_parameters(topics: tuple[str, ...]) -> list[Document]:
    position = {"type": "integer", "minimum": 0, "maximum": 10**18 - 1}
    accommodation = {"description": "Only of this one", "schema": {"type": "string", "pattern": PMS_ID_PATTERN}}
    return [
        {"name": "after", "in": "query", "description": "Only after this position", "schema": position},
        {"name": "type", "in": "query", **one_of("Only of this type", topics)},
        {"name": "accommodationId", "in": "query", **accommodation},
        {"name": "folioId", "in": "query", **QUERY_PARAMETERS["folioId"]},
    ]


def document_events(topics: tuple[str, ...]) -> Document:
    """The description of the pages of events, which may be of these topics."""
    paging = [{"name": name, "in": "query", **QUERY_PARAMETERS[name]} for name in ("limit", "consistency")]
    return {
        "parameters": [*_event_parameters(topics), *paging],
        "responses": _answers(200, "EventPage", QUERY_ERRORS),
    }


def document_event_stream(topics: tuple[str, ...]) -> Document:
    """The description of the stream of events, which may be of these topics."""
    resuming = {
        "name": "Last-Event-ID", "in": "header", "description": "The id that was received last; goes before `after`",
        "schema": {"type": "string", "pattern": "^[0-9]{1,18}$"},
    }  # fmt: skip
    responses = _answers(200, "", QUERY_ERRORS)
    responses["200"] = {
        "description": "Messages as they happen, until the caller goes",
        "content": {"text/event-stream": {"schema": {"type": "string"}}},
    }
    return {"parameters": [*_event_parameters(topics), resuming], "responses": responses}


POINTS_DOCUMENTATION: Document = {"parameters": [], "responses": _answers(200, "Points", QUERY_ERRORS)}
DRY_RUN = "dryRun"
BATCH_DESCRIPTION = """
Carry out up to 500 commands, in order; `atomic`: all or none. Commands about payment requests are none of a batch: they
deal with the provider.

With `dryRun=true` the same body is answered with what it would do, and nothing is stored or sent: no event, no
Idempotency-Key, nothing of a guest. The answer is `DryRunResults`: the `results` as they would be, the `events` that
would be recorded, as the feed would show them, and what the bills and folios concerned owe `before` and `after`. It is
decided on the log as it stands at `Folio-Position`: the real run says the same when nothing has been committed after
that which these commands look at. An error of the whole batch is answered as it would be, with the `index` of the
command in an atomic one; an Idempotency-Key that has its answer already shows that, without events.

Provisional, and not the same in the real run: the ids of new bills and payments and the bills' codes, the times, and
the request's id. The `id` of an event is its position in the log, which it does not have yet: here it is `dry-run/`,
the request's id and a number from 1. Keep none of them.
"""


def _also(document: Document, model: str) -> Document:
    """The answers, of which the good one may have another form as well."""
    schema = document["200"]["content"]["application/json"]
    schema["schema"] = {"anyOf": [schema["schema"], {"$ref": REF.format(model=model)}]}
    return document


BATCH_DOCUMENTATION: Document = {
    "parameters": [
        {
            "name": DRY_RUN, "in": "query", "description": "`true`: only say what would happen",
            "schema": {"type": "string", "enum": ["true", "false"], "default": "false"},
        },
        *COMMAND_HEADERS,
    ],
    "requestBody": {
        "required": True,
        "content": {"application/json": {"schema": {"$ref": REF.format(model=BatchBody.__name__)}}},
    },
    "responses": _also(_answers(200, "BatchResults", COMMAND_ERRORS), "DryRunResults"),
}  # fmt: skip


def describe(app: FastAPI) -> Document:
    """The whole description: FastAPI's, with the models of bodies and answers and the key."""
    if app.openapi_schema is None:
        document = FastAPI.openapi(app)
        models: set[type[BaseModel]] = {command.body for command in COMMANDS} | {
            BatchBody,
            PaymentRequestBody,
            *ANSWERS,
        }
        ordered: list[type[BaseModel]] = sorted(models, key=lambda model: model.__name__)
        modes = [(model, "serialization" if model in ANSWERS else "validation") for model in ordered]
        _, definitions = models_json_schema(modes, ref_template=REF)  # type: ignore[arg-type]
        components = document.setdefault("components", {})
        components["schemas"] = definitions["$defs"]
        components["securitySchemes"] = {"key": {"type": "http", "scheme": "bearer"}}
        for path, operations in document["paths"].items():
            for operation in operations.values():
                if path.startswith("/v1"):
                    operation["security"] = [{"key": []}]
        app.openapi_schema = document
    return app.openapi_schema
