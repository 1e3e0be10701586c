"""Commands to the database under observation: a log line when one was slow, a span of each in a traced request.

Of a command its name, collection, duration and error code are told, never its text, in which documents stand. The
released `opentelemetry-instrumentation-pymongo` is a beta that wants other packages than the SDK does
(docs/decisions/observability.md), and these are all the lines that are needed of it.

A listener hears of a command in the thread that sends it, of its beginning and its end in turn. PyMongo makes an event
of each for it, which costs a single transfer a tenth of its time in Python, so nobody listens who does not have to;
the commands of a transfer are timed by the ledger itself.
"""

import threading
from collections.abc import Mapping
from typing import Any

import structlog
from django.conf import settings
from opentelemetry import trace
from opentelemetry.trace import Span, SpanKind, StatusCode
from pymongo import monitoring

from config.tracing import is_traced

# Waits for news by design, in change streams.
_MAY_WAIT = frozenset({"getMore"})

_log = structlog.get_logger(__name__)
_tracer = trace.get_tracer("florin.database")


class SlowCommands(monitoring.CommandListener):
    """Tells of commands that took long, whether or not they came to a good end.

    Args:
        milliseconds: how long a command may take without a word.
    """

    def __init__(self, milliseconds: int) -> None:
        self._most_micros = milliseconds * 1_000
        self._here = threading.local()

    def started(self, event: monitoring.CommandStartedEvent) -> None:
        self._here.command = event.command

    def succeeded(self, event: monitoring.CommandSucceededEvent) -> None:
        if event.duration_micros >= self._most_micros:
            self._tell(event)

    def failed(self, event: monitoring.CommandFailedEvent) -> None:
        if event.duration_micros >= self._most_micros:
            self._tell(event, code=_code_of(event))

    def _tell(self, event: Any, **more: Any) -> None:
        name, command = event.command_name, getattr(self._here, "command", {})
        if name not in _MAY_WAIT:
            milliseconds = event.duration_micros // 1_000
            _log.warning("database_slow", command=name, collection=_collection(name, command), ms=milliseconds, **more)


class TracedCommands(monitoring.CommandListener):
    """Makes a span of each command that a traced request sends."""

    def __init__(self) -> None:
        self._here = threading.local()

    def started(self, event: monitoring.CommandStartedEvent) -> None:
        self._here.span = _span_of(event) if trace.get_current_span().is_recording() else None

    def succeeded(self, event: monitoring.CommandSucceededEvent) -> None:
        span = self._ended()
        if span is not None:
            span.end()

    def failed(self, event: monitoring.CommandFailedEvent) -> None:
        span = self._ended()
        if span is not None:
            span.set_attributes({"error.type": "mongodb", "db.response.status_code": str(_code_of(event))})
            span.set_status(StatusCode.ERROR)
            span.end()

    def _ended(self) -> Span | None:
        span: Span | None = getattr(self._here, "span", None)
        self._here.span = None
        return span


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


def _collection(name: str, command: Mapping[str, Any]) -> str:
    """Return the collection's name: the value that stands under the command's own."""
    found = command.get("collection") if name == "getMore" else command.get(name)
    return found if isinstance(found, str) else ""


def _code_of(event: monitoring.CommandFailedEvent) -> int | None:
    code = event.failure.get("code")
    return code if isinstance(code, int) else None


def watch_commands() -> None:
    """Watch the commands of every client that is made from now on, as far as the settings want to know of them."""
    if settings.WATCH_DATABASE and settings.SLOW_DATABASE_MS:
        monitoring.register(SlowCommands(settings.SLOW_DATABASE_MS))
    if is_traced():
        monitoring.register(TracedCommands())
