"""JSON as money needs it: exact decimals, bounded size, objects only."""

import json
from collections.abc import Mapping
from decimal import Decimal
from typing import IO, Any, NoReturn

from django.conf import settings
from rest_framework.parsers import BaseParser

from banking.errors import JsonInvalid, PayloadTooLarge


class StrictJSONParser(BaseParser):
    """Parse a JSON object; numbers with decimals become `Decimal`, a name that comes twice is refused, and NaN too."""

    media_type = "application/json"

    def parse(
        self, stream: IO[Any], media_type: str | None = None, parser_context: Mapping[str, Any] | None = None
    ) -> dict[str, Any]:
        """Return the object.

        Raises:
            PayloadTooLarge: the body is larger than DATA_UPLOAD_MAX_MEMORY_SIZE.
            JsonInvalid: it is not JSON in UTF-8, or not an object.
        """
        limit = settings.DATA_UPLOAD_MAX_MEMORY_SIZE or 0
        body = stream.read(limit + 1)
        if len(body) > limit:
            raise PayloadTooLarge
        try:
            found = json.loads(
                body.decode("utf-8"),
                parse_float=_exact,
                parse_constant=_refuse,
                object_pairs_hook=_without_duplicates,
            )
        # RecursionError: nested deeper than Python reads; ValueError: also integers of thousands of digits.
        except (ValueError, RecursionError) as error:
            raise JsonInvalid from error
        if not isinstance(found, dict):
            raise JsonInvalid
        return found


class ExponentNumber:
    """A number that is written with an exponent: legal JSON, and no field takes it."""


def _exact(text: str) -> Decimal | ExponentNumber:
    return ExponentNumber() if "e" in text.lower() else Decimal(text)


def _without_duplicates(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    """Refuse a name that comes twice: whoever checked the first value would not have seen the second."""
    found = dict(pairs)
    if len(found) != len(pairs):
        raise ValueError("duplicate names")
    return found


def _refuse(constant: str) -> NoReturn:
    raise ValueError(constant)
