"""What the project answers to a refused, unknown or crashed request: JSON to programs, a page to browsers."""

from typing import Any

import structlog
from django.core.exceptions import PermissionDenied
from django.http import Http404, HttpRequest, HttpResponse, JsonResponse

from banking import limits
from banking.errors import Failure, RateLimited, RequestRefused, failure_of
from banking.origin import is_api
from banking.web import failures as pages

_log = structlog.get_logger(__name__)


def json_answer(failure: Failure) -> JsonResponse:
    """Return the API's one error form."""
    from banking.api.render import HEADERS, failure_body

    response = JsonResponse(failure_body(failure), status=failure.status, headers=HEADERS)
    if failure.retry_after is not None:
        response["Retry-After"] = str(failure.retry_after)
    return response


def forbidden(request: HttpRequest, exception: Exception) -> HttpResponse:
    return json_answer(failure_of(PermissionDenied())) if is_api(request) else pages.forbidden(request)


def not_found(request: HttpRequest, exception: Exception) -> HttpResponse:
    return _no_such_route(request) if is_api(request) else pages.not_found(request)


def _no_such_route(request: HttpRequest) -> HttpResponse:
    """Routes that do not exist count against the API's limit too, or guessing them would be free."""
    try:
        limits.hit(request, group=limits.API)
    except RateLimited as refusal:
        return json_answer(failure_of(refusal))
    return json_answer(failure_of(Http404()))


def bad_request(request: HttpRequest, exception: Exception) -> HttpResponse:
    return json_answer(failure_of(RequestRefused())) if is_api(request) else pages.bad_request(request)


def crash(request: HttpRequest) -> HttpResponse:
    return json_answer(failure_of(RuntimeError())) if is_api(request) else pages.crash(request)


class FailureMiddleware:
    """Answer the bank's own exceptions that a page let through by the table of errors."""

    def __init__(self, get_response: Any) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        response: HttpResponse = self.get_response(request)
        return response

    def process_exception(self, request: HttpRequest, exception: Exception) -> HttpResponse | None:
        failure = failure_of(exception)
        if failure.status == 500 or isinstance(exception, Http404 | PermissionDenied):
            return None
        if failure.status == 503:
            _log.warning("database_away", error=type(exception).__name__)
        return json_answer(failure) if is_api(request) else pages.failed(request, failure)
