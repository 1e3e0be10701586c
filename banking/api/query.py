"""Reading query parameters: each is checked, none is ignored when malformed."""

import re
from datetime import UTC, date, datetime, time, timedelta

from bson.objectid import ObjectId
from rest_framework.request import Request

from banking.errors import FieldsInvalid
from banking.names import accounts_named
from ledger.errors import AmountInvalid
from ledger.history import MAX_LIMIT, MAX_PAGE, MAX_WORDS, EntryFilter
from ledger.money import parse_amount
from ledger.newest import NUMBERED_ROWS
from ledger.records import CREDIT, DEBIT, STATES
from ledger.trail import AuditFilter
from ledger.transfers import is_plain_text

_ACTION = re.compile(r"[a-z_.]{0,60}", re.ASCII)
_DIRECTIONS = {"IN": CREDIT, "OUT": DEBIT, CREDIT: CREDIT, DEBIT: DEBIT}


def number_read(request: Request, name: str, *, default: int, largest: int) -> int:
    """Return a whole number from 1; a larger one than the largest becomes that.

    Raises:
        FieldsInvalid: it is not a whole number from 1.
    """
    text = request.query_params.get(name, "")
    if not text:
        return default
    if not (text.isascii() and text.isdigit() and len(text) <= 9) or int(text) < 1:
        raise FieldsInvalid({name: ["This must be a whole number from 1."]})
    return min(int(text), largest)


def limit_read(request: Request) -> int:
    """Return how many rows a page has, at most 50."""
    return number_read(request, "limit", default=20, largest=MAX_LIMIT)


def page_read(request: Request) -> int:
    """Return the page's number, from 1."""
    return number_read(request, "page", default=1, largest=MAX_PAGE)


def numbered_page_read(request: Request, limit: int) -> int:
    """Return the page's number in a list whose pages have numbers only as far as row `NUMBERED_ROWS`.

    Raises:
        FieldsInvalid: it is not a whole number from 1, or lies behind that row, where only the cursor leads.
    """
    number = page_read(request)
    if number * limit > NUMBERED_ROWS:
        raise FieldsInvalid(
            {"page": [f"Rows behind the first {NUMBERED_ROWS:,} have no page numbers; use the cursor."]}
        )
    return number


def id_read(request: Request, name: str) -> ObjectId | None:
    """Return an id, None without one.

    Raises:
        FieldsInvalid: it is not 24 hexadecimal digits.
    """
    text = request.query_params.get(name, "")
    if not text:
        return None
    if len(text) != 24 or not ObjectId.is_valid(text):
        raise FieldsInvalid({name: ["This must be an id of 24 hexadecimal digits."]})
    return ObjectId(text)


def status_read(request: Request) -> str | None:
    """Return a state of transactions, None without one.

    Raises:
        FieldsInvalid: there is no such state.
    """
    text = request.query_params.get("status", "").upper()
    if text and text not in STATES:
        raise FieldsInvalid({"status": [f"This must be one of {', '.join(STATES)}."]})
    return text or None


def audit_filter_read(request: Request) -> AuditFilter:
    """Return the filter of the audit log: action, actor, subject, from and to.

    Raises:
        FieldsInvalid: one of them is malformed.
    """
    action = request.query_params.get("action", "")
    if not _ACTION.fullmatch(action):
        raise FieldsInvalid({"action": ["This must be the name of an action, such as account.frozen."]})
    return AuditFilter(
        action=action or None,
        actor=id_read(request, "actor"),
        subject=id_read(request, "subject"),
        since=moment_read(request, "from"),
        until=moment_read(request, "to", end_of_day=True),
    )


def moment_read(request: Request, name: str, *, end_of_day: bool = False) -> datetime | None:
    """Return a time in UTC, None without one.

    Args:
        request: has it as an ISO 8601 date or time; without a zone it is UTC.
        name: of the query parameter.
        end_of_day: a bare date means the end of that day instead of its beginning.

    Raises:
        FieldsInvalid: it is neither.
    """
    text = request.query_params.get(name, "")
    if not text:
        return None
    try:
        if len(text) == len("2026-01-31"):
            day = datetime.combine(date.fromisoformat(text), time.min, tzinfo=UTC)
            return day + timedelta(days=1) if end_of_day else day
        # A plus sign in a URL that was not escaped arrives as a space.
        moment = datetime.fromisoformat(text.replace(" ", "+") if "T" in text else text)
        return (moment if moment.tzinfo else moment.replace(tzinfo=UTC)).astimezone(UTC)
    except (ValueError, OverflowError) as error:
        raise FieldsInvalid(
            {name: ["This must be an ISO 8601 date or time, such as 2026-01-31T09:30:00Z."]}
        ) from error


def entry_filter_read(request: Request, currency: str) -> EntryFilter:
    """Return the filter of a history: from, to, direction, minAmount, maxAmount and q.

    Raises:
        FieldsInvalid: one of them is malformed.
    """
    words = words_read(request)
    return EntryFilter(
        since=moment_read(request, "from"),
        until=moment_read(request, "to", end_of_day=True),
        direction=_direction_read(request),
        min_minor=_amount_read(request, "minAmount", currency),
        max_minor=_amount_read(request, "maxAmount", currency),
        words=words or None,
        counterparties=accounts_named(words) if words else None,
    )


def words_read(request: Request, name: str = "q", *, longest: int = MAX_WORDS) -> str:
    """Return the words of a search, empty without any; what is longer is cut off.

    Raises:
        FieldsInvalid: they are more than one line of text.
    """
    words = request.query_params.get(name, "").strip()[:longest]
    if not is_plain_text(words):
        raise FieldsInvalid({name: ["This must be text on one line."]})
    return words


def _direction_read(request: Request) -> str | None:
    text = request.query_params.get("direction", "")
    if not text:
        return None
    if text.upper() not in _DIRECTIONS:
        raise FieldsInvalid({"direction": ["This must be IN or OUT."]})
    return _DIRECTIONS[text.upper()]


def _amount_read(request: Request, name: str, currency: str) -> int | None:
    text = request.query_params.get(name, "")
    try:
        return parse_amount(text, currency) if text else None
    except AmountInvalid as error:
        raise FieldsInvalid({name: [error.message]}) from error
