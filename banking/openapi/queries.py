"""The query parameters and headers that requests may have; `banking.api.query` reads them."""

from dataclasses import dataclass
from typing import Literal

from banking.openapi.samples import OLIVIAS
from banking.openapi.shapes import Shape, identifier, money, number, one_of, text
from ledger.history import MAX_LIMIT
from ledger.newest import NUMBERED_ROWS
from ledger.records import STATES


@dataclass(frozen=True, slots=True)
class Parameter:
    """Something small that a request may have beside its body.

    Args:
        name: as it stands in the address or among the headers.
        shape: what it may be.
        place: `query` or `header`.
    """

    name: str
    shape: Shape
    place: Literal["query", "header"] = "query"


def _moment(meaning: str) -> Shape:
    return text("2026-01-31T09:30:00Z", f"{meaning} A date or a time in ISO 8601; without a zone it is UTC.")


LIMIT = Parameter("limit", number(20, f"Rows of a page; above {MAX_LIMIT} it is {MAX_LIMIT}.", minimum=1, default=20))
PAGE = Parameter("page", number(1, f"Of the page. In long lists as far as row {NUMBERED_ROWS:,}.", minimum=1))
CURSOR = Parameter("cursor", text("…", "`nextCursor` of the page before; it stands instead of a number."))
AT = Parameter("at", _moment("The balance at that time."))
FROM = Parameter("from", _moment("From then on."))
TO = Parameter("to", _moment("Until then; a bare date means the end of that day."))
DIRECTION = Parameter("direction", one_of("IN", "OUT", "CREDIT", "DEBIT"))
LEAST = Parameter("minAmount", money("10.00", "This much or more, in major units."))
MOST = Parameter("maxAmount", money("500.00", "This much or less, in major units."))
WORDS = Parameter("q", text("rent", "Words of the note, or the name of the other side."))
NAMES = Parameter("q", text("oliv", "The beginning of a first or last name or of an e-mail address."))
FILTER = Parameter("filter", text("oliv", "The beginning of a name, or a whole e-mail address."))
STATE = Parameter("status", one_of("COMPLETED", *(state for state in STATES if state != "COMPLETED")))
OF_ACCOUNT = Parameter("accountId", identifier(OLIVIAS, "Only transfers of this account."))
ACTION = Parameter("action", text("account.frozen", "Its name, or how it begins.", pattern="^[a-z_.]{0,60}$"))
ACTOR = Parameter("actor", identifier(OLIVIAS, "Who did it."))
SUBJECT = Parameter("subject", identifier(OLIVIAS, "What it was done to."))
KEY_HEADER = Parameter(
    "Idempotency-Key",
    text('"rent-may"', "The key, instead of `idempotencyKey` in the body; with or without quotes."),
    place="header",
)

PAGED = (LIMIT, PAGE, CURSOR)
AMOUNTS = (LEAST, MOST)
