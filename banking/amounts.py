"""Amounts as people type them. Programs are held to plain decimals; people may write the way the bank shows money."""

import re

from ledger.money import decimals, format_for_people, format_plain

_GROUPED = re.compile(r"[0-9.,]{1,30}", re.ASCII)
_EXAMPLE_MINOR = 123_456


def plain_amount(text: str, currency: str) -> str:
    """Return the amount as programs write it when it is written exactly as people of the currency do, else as it is.

    `1,234.50`, `1,234.5` and `1,234` are read for a currency that shows ₹1,234.50; `12,34` is not, for nobody can
    know what was meant.
    """
    if not _GROUPED.fullmatch(text) or not re.search(r"[0-9]", text):
        return text
    digits, places = re.sub(r"[.,]", "", text), decimals(currency)
    for fraction in range(places + 1):
        minor = int(digits) * 10 ** (places - fraction)
        if text == _written(minor, currency, fraction):
            return format_plain(minor, currency)
    return text


def has_decimal_point(currency: str) -> bool:
    """Whether the currency has decimals and its people write them after a point."""
    return decimals(currency) > 0 and "." in _written(1, currency, decimals(currency))


def amount_hint(currency: str) -> str:
    """Return how an amount may be written, in one sentence."""
    written = _written(_EXAMPLE_MINOR, currency, decimals(currency))
    return f"Write the amount plainly, without commas, such as {format_plain(_EXAMPLE_MINOR, currency)}, or {written}."


def _written(minor: int, currency: str, fraction: int) -> str:
    """Return the amount as people write it, without a sign of the currency and with so many decimals."""
    places = decimals(currency)
    text = re.sub(r"[^0-9.,]", "", format_for_people(minor, currency)).strip(".,")
    return text[: len(text) - places + fraction].rstrip(".,") if places else text
