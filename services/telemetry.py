"""Logs and metrics: one JSON line per event on standard error, and the counters behind `/metrics`."""

import contextlib
import logging
import os
import sys
from typing import Any, BinaryIO, cast

import msgspec
import structlog
from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram, generate_latest
from prometheus_client.multiprocess import MultiProcessCollector

METRICS_FOLDER = "PROMETHEUS_MULTIPROC_DIR"
"""The variable that tells `prometheus_client` where several processes add up what they count."""


def _newest(name: str, meaning: str, *labels: str) -> Gauge:
    """A gauge that shows, of what several processes say about the same thing, what was said last."""
    return Gauge(name, meaning, labels, multiprocess_mode="livemostrecent")


REQUESTS = Counter("folio_http_requests_total", "Answered requests", ["method", "route", "status"])
REQUEST_SECONDS = Histogram(
    "folio_http_request_seconds",
    "Time to answer",
    ["method", "route"],
    buckets=(0.002, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5),
)
READ_MODEL_LAG_EVENTS = _newest("folio_read_model_lag_events", "Events that it is behind the log", "read_model")
READ_MODEL_LAG_SECONDS = _newest(
    "folio_read_model_lag_seconds", "How long the oldest event that it has not got is in the log", "read_model"
)
READ_MODEL_PARKED_EVENTS = _newest("folio_read_model_parked_events", "Events that it could not take", "read_model")
LOG_POSITION = _newest("folio_log_position", "Position of the newest event")
CHECKPOINT_POSITION = _newest("folio_checkpoint_position", "Position of the log that the newest checkpoint covers")
EVIDENCE_BROKEN = _newest("folio_evidence_broken", "1 when nothing is sealed, because the log is not what was signed")
EVENT_STREAMS = Gauge("folio_event_streams", "Streams of events that are open", multiprocess_mode="livesum")
GRAPHQL_DOCUMENTS = Counter("folio_graphql_documents_total", "Documents that were carried out", ["operation"])
GRAPHQL_ERRORS = Counter("folio_graphql_errors_total", "Errors that documents were answered with", ["code"])
CALLBACKS = Counter("folio_callbacks_total", "Callbacks of the payment provider", ["result"])
PAYMENT_REQUESTS = Counter(
    "folio_payment_requests_total", "What became of payment requests when the provider was asked", ["became"]
)
PROVIDER_POINTS = _newest("folio_provider_points", "Points that are left at the payment provider, when last asked")


def exposition() -> bytes:
    """All metrics in Prometheus' text form, those of all processes on the port together."""
    if METRICS_FOLDER not in os.environ:
        return generate_latest()
    together = CollectorRegistry()
    MultiProcessCollector(together)  # type: ignore[no-untyped-call]
    return generate_latest(together)


def configure_logging(level: str = "INFO", log_format: str = "json") -> None:
    """Send structured logs, the standard library's included, to standard error."""
    shared: list[structlog.typing.Processor] = [
        structlog.contextvars.merge_contextvars,
        structlog.stdlib.add_log_level,
        structlog.stdlib.add_logger_name,
        structlog.processors.TimeStamper(fmt="iso", utc=True),
    ]
    renderer: structlog.typing.Processor = (
        structlog.processors.JSONRenderer(ensure_ascii=False)
        if log_format == "json"
        else structlog.dev.ConsoleRenderer(colors=sys.stderr.isatty())
    )
    formatter = structlog.stdlib.ProcessorFormatter(
        foreign_pre_chain=shared,
        processors=[
            structlog.stdlib.ProcessorFormatter.remove_processors_meta,
            structlog.processors.format_exc_info,
            renderer,
        ],
    )
    handler = logging.StreamHandler(sys.stderr)
    handler.setFormatter(formatter)
    root = logging.getLogger()
    root.handlers = [handler]
    root.setLevel(level)
    for noisy in ("httpx", "httpcore", "uvicorn.access"):
        logging.getLogger(noisy).setLevel("WARNING")
    logging.getLogger("psycopg.pool").setLevel("ERROR")  # an outage is told once a second, by the wiring
    _configure_request_log(level, log_format)


class _Patient:
    """A stream whose reader may have gone, or whose disk may be full: no request fails for its line in the log."""

    def __init__(self, stream: BinaryIO) -> None:
        self._stream = stream

    def write(self, line: bytes) -> None:
        with contextlib.suppress(OSError, ValueError):
            self._stream.write(line)

    def flush(self) -> None:
        with contextlib.suppress(OSError, ValueError):
            self._stream.flush()


def _name_requests(_: Any, __: str, line: structlog.typing.EventDict) -> structlog.typing.EventDict:
    line["logger"] = "folio.http"
    return line


def _configure_request_log(level: str, log_format: str) -> None:
    """Requests are logged past the standard library, which would take a tenth of a command's time."""
    processors: list[structlog.typing.Processor] = [
        _name_requests,
        structlog.processors.add_log_level,
        structlog.processors.TimeStamper(fmt="iso", utc=True),
    ]
    factory: Any
    if log_format == "json":
        encode = structlog.processors.JSONRenderer(lambda line, **_: msgspec.json.encode(line))
        processors += [structlog.processors.format_exc_info, encode]
        factory = structlog.BytesLoggerFactory(cast("BinaryIO", _Patient(sys.stderr.buffer)))
    else:
        processors.append(structlog.dev.ConsoleRenderer(colors=sys.stderr.isatty()))
        factory = structlog.PrintLoggerFactory(sys.stderr)
    structlog.configure(
        processors=processors,
        logger_factory=factory,
        wrapper_class=structlog.make_filtering_bound_logger(level),
        cache_logger_on_first_use=True,
    )
