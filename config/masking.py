"""What may stand in a log line: short plain values, and nothing that is secret or somebody's own.

Logs are copied to more places than the database, and more people read them. So each line passes here before it is
written: values under the name of a secret are masked, e-mail addresses and signed tokens are cut out of any text,
what is no plain value is named by its type alone (a document never gets in), and every text has a bound.

The text of an error of the database is dropped for its code: MongoDB quotes the document that it refuses. The frames
of a traceback stay, which are our own source.
"""

import re
import traceback
from collections.abc import Iterator, MutableMapping
from datetime import datetime
from functools import lru_cache
from types import TracebackType
from typing import Any
from uuid import UUID

from bson.errors import BSONError
from bson.objectid import ObjectId
from django.db import Error as DjangoDatabaseError
from pymongo.errors import PyMongoError

MASK = "***"
LONGEST_TEXT = 500
MOST_ITEMS = 20
LONGEST_ERROR = 200
LONGEST_TRACEBACK = 10_000
# Errors that caused one another, and frames of each, that a traceback shows at most.
_MOST_CAUSES = 5
_MOST_FRAMES = 30
_HIDDEN_WORDS = (
    "password|passwd|passphrase|token|secret|auth|cookie|session_?key|csrf|credential|private|signature|"
    "e_?mail|note|document|idempotency|query|body|payload"
)
_HIDDEN_NAME = re.compile(rf"{_HIDDEN_WORDS}|^key$|_key$", re.IGNORECASE)
_EMAIL = re.compile(r"[^\s@<>\"'(),;:=\[\]{}]+@[^\s@<>\"'(),;:=\[\]{}]+")
_SIGNED_TOKEN = re.compile(r"eyJ[\w-]+\.[\w-]+(\.[\w-]*)?")
_CREDENTIALS = re.compile(r"(\w+://)[^/\s@]+@")
# Python's own errors quote the value that was wrong; the name of a field or a function tells enough.
_QUOTED = re.compile(r"'([^']*)'|\"([^\"]*)\"")
_IDENTIFIER = re.compile(r"[A-Za-z_][\w.]{0,60}", re.ASCII)
_PLAIN = (bool, int, float, type(None))
_AS_TEXT = (ObjectId, UUID, datetime)

EventDict = MutableMapping[str, Any]


def masked(logger: Any, method: str, event: EventDict) -> EventDict:
    """Mask a log line; a processor of structlog, the last before the line is written."""
    for name, value in event.items():
        if name.startswith("_") or type(value) in _PLAIN:
            continue
        if name == "exception":
            event[name] = plain_text(str(value), LONGEST_TRACEBACK)
        else:
            event[name] = MASK if _is_hidden(name) else plain_value(value)
    return event


@lru_cache(maxsize=1_000)
def _is_hidden(name: str) -> bool:
    return bool(_HIDDEN_NAME.search(name))


def plain_value(value: Any) -> Any:
    """Return a value as it may be logged: a number, a short text, a few of these; all else is named by its type."""
    if isinstance(value, str):
        return plain_text(value)
    if isinstance(value, _PLAIN):
        return value
    if isinstance(value, _AS_TEXT):
        return str(value)
    if isinstance(value, list | tuple):
        return [plain_value(one) for one in value[:MOST_ITEMS]]
    return error_text(value) if isinstance(value, BaseException) else f"<{type(value).__name__}>"


def plain_text(text: str, longest: int = LONGEST_TEXT) -> str:
    """Return a text without addresses and tokens, and not longer than it may be."""
    if len(text) > longest:
        text = f"{text[:longest]}…"
    if "@" in text:
        text = _EMAIL.sub(MASK, _CREDENTIALS.sub(rf"\1{MASK}@", text))
    return _SIGNED_TOKEN.sub(MASK, text) if "eyJ" in text else text


def error_text(error: BaseException) -> str:
    """Return an error's type, and its text or, when that may quote a document, its code."""
    name = type(error).__name__
    if isinstance(error, PyMongoError | DjangoDatabaseError | BSONError):
        code = error_code(error)
        return name if code is None else f"{name}: code {code}"
    text = plain_text(_QUOTED.sub(_shown, str(error)), LONGEST_ERROR)
    return f"{name}: {text}" if text else name


def _shown(quoted: re.Match[str]) -> str:
    inner = quoted[1] if quoted[1] is not None else quoted[2]
    return quoted[0] if _IDENTIFIER.fullmatch(inner) else MASK


def error_code(error: BaseException | None) -> int | None:
    """Return the database's code for an error, also of one that the ORM has wrapped."""
    if isinstance(error, DjangoDatabaseError):
        error = error.__cause__
    code = getattr(error, "code", None)
    details = getattr(error, "details", None)
    if isinstance(details, dict) and details.get("writeErrors"):
        # A bulk's own code only says that some of its writes failed.
        code = details["writeErrors"][0].get("code", code)
    return code if isinstance(code, int) else None


def masked_traceback(logger: Any, method: str, event: EventDict) -> EventDict:
    """Replace `exc_info` by a traceback that quotes no document; a processor of structlog."""
    given = event.pop("exc_info", None)
    error = _error_of(given)
    if error is not None:
        event["exception"] = "\n".join(_traceback(error))
    return event


def _error_of(given: Any) -> BaseException | None:
    if isinstance(given, BaseException):
        return given
    if isinstance(given, tuple):
        return given[1] if isinstance(given[1], BaseException) else None
    if given:
        import sys

        return sys.exc_info()[1]
    return None


def _traceback(error: BaseException) -> Iterator[str]:
    """Yield an error and what caused it, the latest first."""
    for number, one in enumerate(_with_causes(error)):
        yield f"{'Caused by ' if number else ''}{error_text(one)}"
        yield from _frames(one.__traceback__)


def _with_causes(error: BaseException) -> Iterator[BaseException]:
    seen: BaseException | None = error
    for _ in range(_MOST_CAUSES):
        if seen is None:
            return
        yield seen
        seen = seen.__cause__ or (None if seen.__suppress_context__ else seen.__context__)


def _frames(found: TracebackType | None) -> Iterator[str]:
    # A negative limit keeps the innermost frames, where it happened.
    for frame in traceback.extract_tb(found, limit=-_MOST_FRAMES):
        yield f"  {frame.filename}:{frame.lineno} in {frame.name}: {frame.line}"
