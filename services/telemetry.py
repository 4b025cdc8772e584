"""Logs and metrics: one JSON line per event on standard error, and the counters behind `/metrics`."""

import logging
import sys

import structlog
from prometheus_client import Counter, Gauge, Histogram

REQUESTS = Counter("folio_http_requests_total", "Answered requests", ["method", "route", "status"])
REQUEST_SECONDS = Histogram(
    "folio_http_request_seconds",
    "Time to answer",
    ["method", "route"],
    buckets=(0.002, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5),
)
READ_MODEL_LAG_EVENTS = Gauge("folio_read_model_lag_events", "Events that it is behind the log", ["read_model"])
READ_MODEL_LAG_SECONDS = Gauge(
    "folio_read_model_lag_seconds", "How long the oldest event that it has not got is in the log", ["read_model"]
)
READ_MODEL_PARKED_EVENTS = Gauge("folio_read_model_parked_events", "Events that it could not take", ["read_model"])
LOG_POSITION = Gauge("folio_log_position", "Position of the newest event")
CALLBACKS = Counter("folio_callbacks_total", "Callbacks of the payment provider", ["result"])
PAYMENT_REQUESTS = Counter(
    "folio_payment_requests_total", "What became of payment requests when the provider was asked", ["became"]
)
PROVIDER_POINTS = Gauge("folio_provider_points", "Points that are left at the payment provider, when last asked")


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
    structlog.configure(
        processors=[*shared, structlog.stdlib.ProcessorFormatter.wrap_for_formatter],
        logger_factory=structlog.stdlib.LoggerFactory(),
        wrapper_class=structlog.stdlib.BoundLogger,
        cache_logger_on_first_use=True,
    )
