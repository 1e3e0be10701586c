"""Every error that an address can answer, by the table of `banking.errors`: statuses, codes, examples."""

from collections.abc import Callable
from typing import Any

from rest_framework import exceptions as rest
from rest_framework.permissions import AllowAny

from accounts.errors import InvalidToken
from banking import errors
from banking.errors import AWAY, CRASH, REFUSALS, TABLE, Failure, Kind
from banking.openapi.describe import Description, Raised
from ledger.errors import TransferRefused, TryAgain

CHANGING = ("POST", "PUT", "PATCH", "DELETE")
_ALL: tuple[Raised, ...] = (errors.RequestRefused, rest.NotAcceptable, errors.RateLimited, TryAgain)
_SIGNED_IN: tuple[Raised, ...] = (errors.NotSignedIn, InvalidToken)
_WITH_BODY: tuple[Raised, ...] = (
    errors.JsonInvalid,
    errors.FieldsInvalid,
    errors.PayloadTooLarge,
    rest.UnsupportedMediaType,
)


def codes_of(view: Any, method: str, description: Description, *, has_ids: bool) -> dict[int, dict[str, str]]:
    """Return the sentence for each code for each status.

    Args:
        view: an instance, whose permissions say who may call it.
        method: GET, POST, ….
        description: what stands next to it.
        has_ids: whether the address has parts that may lead nowhere.
    """
    words = _words_of(view)
    found: dict[int, dict[str, str]] = {CRASH.status: {CRASH.code: CRASH.message}}
    for error in (*_common(view, method, description, has_ids), *description.errors):
        for kind in map(words, kinds_of(error)):
            found.setdefault(kind.status, {}).setdefault(kind.code, kind.message)
    return dict(sorted(found.items()))


def _common(view: Any, method: str, description: Description, has_ids: bool) -> tuple[Raised, ...]:
    common = _ALL
    if not any(isinstance(permission, AllowAny) for permission in view.get_permissions()):
        common += _SIGNED_IN + ((errors.CrossOrigin,) if method in CHANGING else ())
    if getattr(view, "who", "") == "admin":
        common += (errors.NotAllowed,)
    if description.body is not None:
        common += _WITH_BODY
    if description.parameters:
        common += (errors.FieldsInvalid,)
    return common + ((rest.NotFound,) if has_ids else ())


def _words_of(view: Any) -> Callable[[Kind], Kind]:
    """Return how the contract of a view says a refusal, which may be in words of its own."""
    in_its_own_words = getattr(view, "words", None)
    if in_its_own_words is None:
        return lambda kind: kind

    def said(kind: Kind) -> Kind:
        failure = in_its_own_words(Failure(kind.code, kind.status, kind.message))
        return Kind(failure.code, failure.status, failure.message)

    return said


def kinds_of(error: Raised) -> list[Kind]:
    """Return how an exception is answered; what a business rule refuses has the code of the rule."""
    if error is TransferRefused:
        return list(REFUSALS.values())
    kind = TABLE[error]
    return [Kind(kind.code, kind.status, kind.message or sentence_of(error))]


def sentence_of(error: Raised) -> str:
    """Return the sentence of an exception: its own, or else what its class says of it."""
    return getattr(error, "message", "") or (error.__doc__ or "").strip().splitlines()[0]


def all_kinds() -> list[Kind]:
    """Return every code of the bank once, with the first sentence it has, by status and in the table's order."""
    kinds = [kind for error in TABLE for kind in kinds_of(error)] + [*REFUSALS.values(), AWAY, CRASH]
    once: dict[str, Kind] = {}
    for kind in kinds:
        once.setdefault(kind.code, kind)
    return sorted(once.values(), key=lambda kind: kind.status)


def error_shape(body: str, codes: dict[str, str]) -> dict[str, Any]:
    """Return the body of a status, whose code is one of these."""
    form = {"$ref": f"#/components/schemas/{body}"}
    if body != "Error":
        return form
    return {"allOf": [form, {"type": "object", "properties": {"code": {"enum": list(codes)}}}]}
