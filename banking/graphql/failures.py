"""Errors as GraphQL gives them: the sentence, where it happened, and in `extensions` the code of the one table."""

import re
from typing import Any

import structlog
from graphql import GraphQLError

from banking.errors import Failure, QueryInvalid, failure_of
from banking.graphql import ids
from config.request_ids import request_id

_log = structlog.get_logger(__name__)

# How the library writes a number that we read as an exact one.
_INSIDE = re.compile(r"<[A-Za-z]{1,40} instance>")
# The names of the other surfaces' fields, in the words of this one.
_FIELDS = {"note": "description", "fromAccount": "senderAccount", "toAccount": "receiverAccount"}


def error_body(failure: Failure, error: GraphQLError | None = None) -> dict[str, Any]:
    """Return one error; `error` says where in the document it happened."""
    body: dict[str, Any] = {"message": failure.message}
    if error is not None and error.locations:
        body["locations"] = [{"line": one.line, "column": one.column} for one in error.locations]
    if error is not None and error.path:
        body["path"] = error.path
    return {**body, "extensions": _extensions(failure)}


def failure_of_error(error: GraphQLError) -> Failure:
    """Return how an error is answered: by its cause, and what GraphQL itself refuses as an invalid query."""
    cause = _cause_of(error)
    if cause is None:
        return failure_of(QueryInvalid(_INSIDE.sub("this number", error.message)))
    failure = failure_of(cause)
    if failure.status == 503:
        _log.warning("try_again", error=type(cause).__name__)
    return crash_told(cause) if failure.status == 500 else failure


def crash_told(error: BaseException) -> Failure:
    """Return the answer for a crash, which shows nothing of the inside, and log the crash itself."""
    _log.error("graphql_crash", error=type(error).__name__, exc_info=error)
    return failure_of(error)


def _cause_of(error: GraphQLError) -> BaseException | None:
    """Return the exception that is not GraphQL's own."""
    cause: BaseException | None = error
    while isinstance(cause, GraphQLError):
        cause = cause.original_error
    return cause


def _extensions(failure: Failure) -> dict[str, Any]:
    found: dict[str, Any] = {"code": failure.code, "status": failure.status}
    if failure.errors:
        found["errors"] = {_FIELDS.get(name, name): sentences for name, sentences in failure.errors.items()}
    if failure.transaction is not None:
        found["transactionId"] = ids.id_write(ids.TRANSACTION, failure.transaction.id)
        found["retryCount"] = failure.transaction.retry_count
    if failure.retry_after is not None:
        found["retryAfter"] = failure.retry_after
    if failure.status >= 500:
        found["requestId"] = request_id()
    return found
