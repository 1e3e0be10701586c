"""What is known of each request: its id, its log line, its time for Prometheus, its span for OpenTelemetry.

It stands before everything else, so that whatever answers, an error page as well, is observed and carries the id.
Routes are told by their pattern. The address as it was asked for is told nowhere: keys and ids stand in it, and its
query may hold anything.
"""

import contextlib
import time
from collections.abc import Callable, Iterator
from typing import Any

import structlog
from django.conf import settings
from django.http import HttpRequest, HttpResponse
from django.utils.functional import LazyObject
from opentelemetry import trace
from opentelemetry.trace import INVALID_SPAN, Span, SpanKind, StatusCode

from banking.instruments import REQUEST_SECONDS
from banking.origin import is_api
from config.middleware import is_trusted_proxy
from config.request_ids import HEADER, request_id_bound, request_id_from
from config.tracing import context_given, is_traced

Handler = Callable[[HttpRequest], HttpResponse]

UNKNOWN_ROUTE, STATIC_ROUTE = "unknown", "static"
_METHODS = frozenset({"GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"})
# What machines ask for all the time is told at the level DEBUG while it goes well.
_QUIET_ROUTES = frozenset({STATIC_ROUTE, "healthz", "readyz", "metrics"})

_log = structlog.get_logger(__name__)
_tracer = trace.get_tracer("florin.requests")


class ObservingMiddleware:
    """Observe a request from its beginning to its answer."""

    def __init__(self, get_response: Handler) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        began = time.perf_counter()
        # The peer itself: what follows puts the client's address in its place.
        is_trusted = is_trusted_proxy(request.META.get("REMOTE_ADDR", ""))
        given = request.META.get("HTTP_X_REQUEST_ID", "")
        with (
            request_id_bound(request_id_from(given, is_trusted=is_trusted)) as id_,
            _span(request, is_trusted) as span,
        ):
            response = self.get_response(request)
            response[HEADER] = id_
            _tell(request, response, time.perf_counter() - began, span)
        return response


@contextlib.contextmanager
def _span(request: HttpRequest, is_trusted: bool) -> Iterator[Span]:
    if not is_traced():
        yield INVALID_SPAN
        return
    context = context_given(request.META.get("HTTP_TRACEPARENT", "") if is_trusted else "")
    attributes = {"http.request.method": _method(request)}
    with _tracer.start_as_current_span("request", context, SpanKind.SERVER, attributes) as span:
        yield span


def _tell(request: HttpRequest, response: HttpResponse, seconds: float, span: Span) -> None:
    method, route, status = _method(request), _route(request), response.status_code
    REQUEST_SECONDS.labels(method, route, f"{status // 100}xx").observe(seconds)
    if span.is_recording():
        span.update_name(f"{method} {route}")
        span.set_attributes({"http.route": route, "http.response.status_code": status})
        if status >= 500:
            span.set_status(StatusCode.ERROR)
    told: dict[str, Any] = {"method": method, "route": route, "status": status, "ms": round(seconds * 1_000, 1)}
    actor = _actor(request)
    if actor is not None:
        told["actor"] = actor
    tell = _log.warning if status >= 500 else _log.debug if route in _QUIET_ROUTES and status < 400 else _log.info
    tell("request", surface="api" if is_api(request) else "browser", **told)


def _method(request: HttpRequest) -> str:
    return request.method if request.method in _METHODS else "other"


def _route(request: HttpRequest) -> str:
    match = request.resolver_match
    if match is not None:
        return match.route or "/"
    return STATIC_ROUTE if request.path_info.startswith(settings.STATIC_URL) else UNKNOWN_ROUTE


def _actor(request: HttpRequest) -> str | None:
    """Return the id of who is signed in, as far as somebody has asked for it; nothing is read for this."""
    user = getattr(request, "_cached_user", None) or request.__dict__.get("user")
    return None if user is None or isinstance(user, LazyObject) or user.pk is None else str(user.pk)
