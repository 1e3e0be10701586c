"""Exceptions of API views as answers in one form, by the table of errors."""

from typing import Any

import structlog
from rest_framework.response import Response

from banking.api.render import failure_body
from banking.errors import Failure, failure_of

_log = structlog.get_logger(__name__)


def exception_handler(error: Exception, context: dict[str, Any]) -> Response | None:
    """Return the answer for an exception; None lets Django make a 500 of it, and log it."""
    return answer_of(failure_of(error), error)


def answer_of(failure: Failure, error: Exception) -> Response | None:
    """Return the answer for an exception that the table, or a contract with words of its own, makes this failure."""
    if failure.status == 500:
        return None
    if failure.status == 503:
        _log.warning("try_again", error=type(error).__name__)
    headers = {} if failure.retry_after is None else {"Retry-After": str(failure.retry_after)}
    if failure.status == 401:
        headers["WWW-Authenticate"] = 'Bearer realm="florin"'
    return Response(failure_body(failure), status=failure.status, headers=headers)
