"""Every error code of the bank in one table: its status, its sentence and what raises it.

The API's answers, the pages' messages, the documentation and a test come from `TABLE`. An exception that stands
nowhere in it is a crash: a 500 that shows nothing of the inside.
"""

from dataclasses import dataclass, field
from typing import Any

from django.core.exceptions import PermissionDenied
from django.db.utils import DatabaseError as DjangoDatabaseError
from django.http import Http404
from pymongo.errors import ConnectionFailure, PyMongoError
from rest_framework import exceptions as rest

from accounts import errors as people
from ledger import errors as ledger
from ledger import rules
from ledger.records import Transaction

TRY_AGAIN_SECONDS = 1


class BankingError(Exception):
    """Base of what banking itself refuses; the text is one sentence for the customer."""

    message = ""

    def __init__(self, message: str = "") -> None:
        super().__init__(message or self.message)
        self.message = message or self.message


class RateLimited(BankingError):
    """Too many requests from one address.

    Args:
        retry_after: seconds until the next one is answered.
    """

    def __init__(self, retry_after: int) -> None:
        super().__init__(f"Too many requests. Try again in {max(1, -(-retry_after // 60))} min.")
        self.retry_after = retry_after


class NotSignedIn(BankingError):
    message = "Sign in first."


class NotAllowed(BankingError):
    message = "You are not allowed to do this."


class CrossOrigin(BankingError):
    message = "A request that signs in by cookie must come from this site itself."


class PayloadTooLarge(BankingError):
    message = "The request is too large."


class RequestRefused(BankingError):
    message = "The request cannot be understood."


class JsonInvalid(BankingError):
    message = "The request is not a JSON object."


class QueryInvalid(BankingError):
    """A GraphQL document cannot be executed; the sentence says why."""


class QueryTooComplex(BankingError):
    """A GraphQL document asks for more than one request may; the sentence says of what."""


class FieldsInvalid(BankingError):
    """Fields of a request are malformed.

    Args:
        errors: sentences by the name that the field has in the request.
    """

    message = "Some fields are not valid."

    def __init__(self, errors: dict[str, list[str]]) -> None:
        super().__init__()
        self.errors = errors


class FileUnreadable(BankingError):
    """A file of payees cannot be read; the sentence says why and what to do."""


class PayeeInvalid(BankingError):
    """Somebody who is to be paid is nobody, or has no account in the payer's currency: both look the same."""

    message = "There is nobody to pay under this id."


class DeliveryNotFound(BankingError):
    message = "There is no such delivery."


class NotificationNotFound(BankingError):
    """There is no such notification, or it is somebody else's: both look the same."""

    message = "There is no such notification."


class RunNotFound(BankingError):
    """There is no such payment run, or it is somebody else's: both look the same."""

    message = "There is no such list of payments."


class PayerNotActive(BankingError):
    """The account that would pay the run is frozen or closed."""

    message = "The account that pays is not active. Nothing was paid."


class RunChanged(BankingError):
    """The payment run is not any more what the person saw."""

    message = "This list was checked again in the meantime. Look at it once more; nothing was paid."


class WebhookNotFound(BankingError):
    """There is no such webhook, or it is somebody else's: both look the same."""

    message = "There is no such webhook."


class WebhookAddressRefused(BankingError):
    """The bank does not call this address; the sentence says why."""


class WebhookExists(BankingError):
    message = "You have a webhook at this address already."


class WebhookDisabled(BankingError):
    message = "This webhook is switched off. Switch it on first."


class TooManyWebhooks(BankingError):
    message = "You have as many webhooks as one person can have. Remove one first."


@dataclass(frozen=True, slots=True)
class Kind:
    """One row of the table.

    Args:
        code: what programs compare.
        status: the HTTP status.
        message: one sentence for people; empty where the exception brings its own.
    """

    code: str
    status: int
    message: str = ""


TABLE: dict[type[BaseException], Kind] = {
    JsonInvalid: Kind("invalid_json", 400),
    RequestRefused: Kind("bad_request", 400),
    QueryInvalid: Kind("invalid_query", 400),
    QueryTooComplex: Kind("query_too_complex", 400),
    FieldsInvalid: Kind("invalid_input", 400),
    people.InvalidFields: Kind("invalid_input", 400),
    ledger.RequestInvalid: Kind("invalid_input", 400),
    ledger.AmountInvalid: Kind("invalid_amount", 400),
    ledger.SameAccount: Kind("same_account", 400),
    PayeeInvalid: Kind("invalid_account", 400),
    FileUnreadable: Kind("file_unreadable", 400),
    WebhookAddressRefused: Kind("webhook_address_refused", 400),
    ledger.CurrencyNotOffered: Kind("currency_not_offered", 400),
    ledger.CursorInvalid: Kind("invalid_cursor", 400),
    ledger.AccountStateConflict: Kind("account_state_conflict", 400),
    people.InvalidCredentials: Kind("invalid_credentials", 401),
    people.InvalidToken: Kind("invalid_token", 401),
    NotSignedIn: Kind("not_signed_in", 401),
    NotAllowed: Kind("forbidden", 403),
    CrossOrigin: Kind("cross_origin", 403),
    ledger.AccountNotFound: Kind("account_not_found", 404),
    ledger.TransactionNotFound: Kind("transaction_not_found", 404),
    people.UserNotFound: Kind("user_not_found", 404),
    people.SessionNotFound: Kind("session_not_found", 404),
    DeliveryNotFound: Kind("delivery_not_found", 404),
    NotificationNotFound: Kind("notification_not_found", 404),
    RunNotFound: Kind("payment_run_not_found", 404),
    WebhookNotFound: Kind("webhook_not_found", 404),
    RunChanged: Kind("payment_run_changed", 409),
    WebhookExists: Kind("webhook_exists", 409),
    WebhookDisabled: Kind("webhook_disabled", 409),
    TooManyWebhooks: Kind("too_many_webhooks", 409),
    PayerNotActive: Kind("payer_not_active", 409),
    people.EmailTaken: Kind("email_taken", 409),
    people.DocumentTaken: Kind("document_taken", 409),
    ledger.AccountExists: Kind("account_exists", 409),
    ledger.AccountNotEmpty: Kind("account_not_empty", 409),
    ledger.TransactionInProgress: Kind("transaction_in_progress", 409),
    ledger.ReceiptNotReady: Kind("receipt_not_ready", 409),
    ledger.ReceiptNotProved: Kind("receipt_not_proved", 500),
    ledger.RetryLimitExceeded: Kind("retry_limit_exceeded", 409),
    ledger.IdempotencyKeyReused: Kind("idempotency_key_reused", 422),
    PayloadTooLarge: Kind("payload_too_large", 413),
    RateLimited: Kind("rate_limited", 429),
    ledger.TryAgain: Kind("try_again", 503),
    # What Django and the REST framework raise themselves
    rest.ParseError: Kind("invalid_json", 400, "The request is not a JSON object."),
    rest.ValidationError: Kind("invalid_input", 400, "Some fields are not valid."),
    rest.NotAuthenticated: Kind("not_signed_in", 401, "Sign in first."),
    rest.AuthenticationFailed: Kind("invalid_token", 401, "This sign-in is no longer valid. Please sign in again."),
    rest.PermissionDenied: Kind("forbidden", 403, "You are not allowed to do this."),
    PermissionDenied: Kind("forbidden", 403, "You are not allowed to do this."),
    rest.NotFound: Kind("not_found", 404, "There is nothing at this address."),
    Http404: Kind("not_found", 404, "There is nothing at this address."),
    rest.MethodNotAllowed: Kind("method_not_allowed", 405, "This address does not take this method."),
    rest.NotAcceptable: Kind("not_acceptable", 406, "Answers are JSON only."),
    rest.UnsupportedMediaType: Kind("unsupported_media_type", 415, "Requests are JSON only (application/json)."),
}

# The business rules: each refuses with a 422 whose code is the FAILED transaction's reason.
REFUSALS = {reason: Kind(reason, 422, message) for reason, message in rules.REFUSALS.items()}
CRASH = Kind("internal_error", 500, "Something went wrong on our side. Nothing of it is your fault.")
AWAY = Kind("try_again", 503, "The bank is busy. Nothing has been lost; send the same request again.")


@dataclass(frozen=True, slots=True)
class Failure:
    """An exception as it is answered."""

    code: str
    status: int
    message: str
    errors: dict[str, list[str]] = field(default_factory=dict)
    transaction: Transaction | None = None
    retry_after: int | None = None


def failure_of(error: BaseException) -> Failure:
    """Return how an exception is answered, by the table; what is not in it is a crash."""
    kind = _kind_of(error)
    return Failure(
        code=kind.code,
        status=kind.status,
        message=kind.message or getattr(error, "message", "") or str(error),
        errors=_errors_of(error),
        transaction=getattr(error, "transaction", None),
        retry_after=_retry_after(error, kind),
    )


def _kind_of(error: BaseException) -> Kind:
    if isinstance(error, ledger.TransferRefused):
        return REFUSALS[error.transaction.failure_reason or ""]
    for parent in type(error).__mro__:
        if parent in TABLE:
            return TABLE[parent]
    return AWAY if _is_database_away(error) else CRASH


def _is_database_away(error: BaseException) -> bool:
    # Django's backend wraps the driver's error.
    cause = error.__cause__ if isinstance(error, DjangoDatabaseError) else error
    return isinstance(cause, ConnectionFailure) or (isinstance(cause, PyMongoError) and bool(cause.timeout))


def _retry_after(error: BaseException, kind: Kind) -> int | None:
    if isinstance(error, RateLimited):
        return max(1, error.retry_after)
    return TRY_AGAIN_SECONDS if kind.status == 503 else None


# The ledger's and the people's words for fields, in the words of the API.
FIELD_NAMES = {
    "key": "idempotencyKey",
    "first_name": "firstName",
    "last_name": "lastName",
    "current_password": "currentPassword",
}


def _errors_of(error: Any) -> dict[str, list[str]]:
    if isinstance(error, ledger.RequestInvalid):
        return {FIELD_NAMES.get(error.field, error.field): [error.message]}
    if isinstance(error, ledger.AmountInvalid):
        return {"amount": [error.message]}
    if isinstance(error, people.InvalidFields | FieldsInvalid):
        return {FIELD_NAMES.get(name, name): sentences for name, sentences in error.errors.items()}
    if isinstance(error, rest.ValidationError):
        return _serializer_errors(error.detail)
    return {}


def _serializer_errors(detail: Any) -> dict[str, list[str]]:
    if not isinstance(detail, dict):
        return {"request": [str(item) for item in detail]}
    return {str(name): _sentences(items) for name, items in detail.items()}


def _sentences(items: Any) -> list[str]:
    if isinstance(items, dict):
        return [sentence for inner in items.values() for sentence in _sentences(inner)]
    return [str(item) for item in items] if isinstance(items, list) else [str(items)]
