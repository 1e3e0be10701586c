"""Every command to the database under observation: a span in a traced request, a log line when it was slow.

Of a command its name, collection, duration and error code are told, never its text, in which documents stand. The
released `opentelemetry-instrumentation-pymongo` is a beta bound to another version of the SDK, and these are all the
lines that are needed of it.
"""

import threading
from typing import Any

import structlog
from django.conf import settings
from opentelemetry import trace
from opentelemetry.trace import Span, SpanKind, StatusCode
from pymongo import monitoring

from config.tracing import is_traced

# Waits for news by design, in change streams.
_MAY_WAIT = {"getMore"}

_log = structlog.get_logger(__name__)
_tracer = trace.get_tracer("florin.database")


class CommandWatch(monitoring.CommandListener):
    """Hears of each command in the thread that sends it, its beginning and its end in turn."""

    def __init__(self, slow_ms: int) -> None:
        self._slow_micros = slow_ms * 1_000
        self._here = threading.local()

    def started(self, event: monitoring.CommandStartedEvent) -> None:
        self._here.command = event.command
        self._here.span = _span_of(event) if trace.get_current_span().is_recording() else None

    def succeeded(self, event: monitoring.CommandSucceededEvent) -> None:
        self._ended(event, None)

    def failed(self, event: monitoring.CommandFailedEvent) -> None:
        self._ended(event, event.failure.get("code"))

    def _ended(self, event: Any, code: int | None) -> None:
        span: Span | None = getattr(self._here, "span", None)
        if span is not None:
            if isinstance(event, monitoring.CommandFailedEvent):
                span.set_attributes({"error.type": "mongodb", "db.response.status_code": str(code)})
                span.set_status(StatusCode.ERROR)
            span.end()
        if self._slow_micros and event.duration_micros >= self._slow_micros and event.command_name not in _MAY_WAIT:
            name, milliseconds = event.command_name, event.duration_micros // 1_000
            collection = _collection(name, getattr(self._here, "command", {}))
            _log.warning("database_slow", command=name, collection=collection, ms=milliseconds, code=code)
        self._here.command = self._here.span = None


def _span_of(event: monitoring.CommandStartedEvent) -> Span:
    collection = _collection(event.command_name, event.command)
    attributes = {
        "db.system.name": "mongodb",
        "db.namespace": event.database_name,
        "db.operation.name": event.command_name,
        "db.collection.name": collection,
    }
    name = f"{event.command_name} {collection}".strip()
    return _tracer.start_span(name, kind=SpanKind.CLIENT, attributes=attributes)


def _collection(name: str, command: Any) -> str:
    """Return the collection's name: the value that stands under the command's own."""
    found = command.get("collection") if name == "getMore" else command.get(name)
    return found if isinstance(found, str) else ""


def watch_commands() -> None:
    """Watch the commands of every client that is made from now on, unless nobody wants to know."""
    if settings.SLOW_DATABASE_MS or is_traced():
        monitoring.register(CommandWatch(settings.SLOW_DATABASE_MS))
