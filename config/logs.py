"""Structured logs: one event a line, JSON in production and readable in a terminal elsewhere.

What may stand in a line is decided in `config.masking`, for our own events and for those of the libraries alike. Of
Django's own lines about requests the status and the error are kept: its text holds the address that was asked for, in
which idempotency keys stand.
"""

import logging
import os
import sys
import threading
from http import HTTPStatus
from typing import Any

import structlog
from opentelemetry import trace

from config.masking import EventDict, masked, masked_traceback

JSON, TEXT = "json", "text"
_LEVELS = logging.getLevelNamesMapping()


def _traced(logger: Any, method: str, event: EventDict) -> EventDict:
    """Add which trace and span the line belongs to."""
    context = trace.get_current_span().get_span_context()
    if context.is_valid:
        event["trace_id"] = trace.format_trace_id(context.trace_id)
        event["span_id"] = trace.format_span_id(context.span_id)
    return event


def _of_django(logger: Any, method: str, event: EventDict) -> EventDict:
    """Say in our own words what Django says of a request."""
    record = event.get("_record")
    if record is None or not record.name.startswith("django."):
        return event
    status = getattr(record, "status_code", None)
    if status is not None:
        event["event"], event["status"] = "request_crashed" if status >= 500 else "request_refused", status
        if status == HTTPStatus.SERVICE_UNAVAILABLE:  # foreseen, and no crash
            event["event"], event["level"] = "request_put_off", "warning"
    elif record.name.startswith("django.security."):
        event["event"], event["kind"] = "request_suspicious", record.name.rpartition(".")[2]
    return event


_SHARED: list[Any] = [
    structlog.contextvars.merge_contextvars,
    structlog.stdlib.add_log_level,
    structlog.stdlib.add_logger_name,
    structlog.processors.TimeStamper(fmt="iso", utc=True),
    _traced,
]


def logging_settings(*, level: str, as_json: bool) -> dict[str, Any]:
    """Configure structlog and return Django's `LOGGING`, so that both write the same form.

    Args:
        level: the least severe level that is written, such as `INFO`.
        as_json: one JSON object a line instead of text.
    """
    structlog.configure(
        processors=[*_SHARED, structlog.stdlib.ProcessorFormatter.wrap_for_formatter],
        logger_factory=structlog.stdlib.LoggerFactory(),
        # What is below the level costs next to nothing.
        wrapper_class=structlog.make_filtering_bound_logger(_LEVELS.get(level.upper(), logging.INFO)),
        cache_logger_on_first_use=True,
    )
    logging.captureWarnings(True)
    return {
        "version": 1,
        "disable_existing_loggers": False,
        "formatters": {
            "structured": {"()": _formatter, "as_json": as_json},
        },
        "handlers": {"console": {"class": "logging.StreamHandler", "formatter": "structured"}},
        "root": {"handlers": ["console"], "level": level},
        "loggers": {
            # Django's own handlers would print every line a second time.
            "django": {"handlers": [], "propagate": True},
            "django.server": {"handlers": [], "propagate": True},
            # What it says of a request that was refused, the line of the request says too.
            "django.request": {"level": "ERROR"},
            "pymongo": {"level": "WARNING"},
            "opentelemetry": {"level": "WARNING"},
        },
    }


def _formatter(*, as_json: bool) -> logging.Formatter:
    renderer: Any = structlog.processors.JSONRenderer() if as_json else structlog.dev.ConsoleRenderer(colors=False)
    last = [masked_traceback, masked, structlog.stdlib.ProcessorFormatter.remove_processors_meta, renderer]
    return structlog.stdlib.ProcessorFormatter(processors=last, foreign_pre_chain=[*_SHARED, _of_django])


def server_formatter() -> logging.Formatter:
    """Return the form of the web server's own lines, such as that a worker died; see `server_logs.json`."""
    is_production = os.environ.get("FLORIN_ENV", "production") == "production"
    return _formatter(as_json=os.environ.get("LOG_FORMAT", JSON if is_production else TEXT) == JSON)


def log_what_nobody_catches() -> None:
    """Have errors that end a thread or the process logged in the one form, for a process that serves."""
    log = structlog.get_logger("config.logs")

    def of_process(kind: type[BaseException], error: BaseException, found: Any) -> None:
        log.critical("process_crashed", exc_info=error)

    def of_thread(arguments: threading.ExceptHookArgs) -> None:
        name = arguments.thread.name if arguments.thread else ""
        log.error("thread_crashed", thread=name, exc_info=arguments.exc_value)

    sys.excepthook = of_process
    threading.excepthook = of_thread
