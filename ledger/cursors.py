"""Where a list goes on: a place in an index as an opaque text, which costs the same at any depth."""

import base64
import binascii
import re

from ledger.errors import CursorInvalid

_LONGEST = 128


def cursor_write(text: str) -> str:
    """Return a place, written in ASCII, as it stands in an address."""
    return base64.urlsafe_b64encode(text.encode("ascii")).decode().rstrip("=")


def cursor_read(cursor: str, pattern: re.Pattern[str]) -> tuple[str, ...]:
    """Return the groups of the pattern in the place that a cursor names.

    Raises:
        CursorInvalid: the cursor was not made here, or for another list.
    """
    padded = cursor[:_LONGEST] + "=" * (-len(cursor[:_LONGEST]) % 4)
    try:
        text = base64.urlsafe_b64decode(padded).decode("ascii")
    except (binascii.Error, UnicodeError, ValueError) as error:
        raise CursorInvalid from error
    match = pattern.fullmatch(text)
    if match is None:
        raise CursorInvalid
    return match.groups()


def number_read(digits: str) -> int:
    """Return the number of an entry that a cursor names.

    Raises:
        CursorInvalid: it is more than 64 bits hold.
    """
    number = int(digits)
    if number >= 2**63:
        raise CursorInvalid
    return number
