"""Amounts as people type them. Programs are held to plain decimals; people may write the way the bank shows money.

On a page the language decides what a mark means: `1,234` is a thousand and more in English and a little over one in
Portuguese. What is no amount by the page's own marks is taken only if it can mean one thing, and else refused with
both of its readings. A file has no language: there the people of the currency decide.
"""

import re
from decimal import Decimal

from babel.numbers import get_decimal_symbol, get_group_symbol
from django.utils.translation import get_language, to_locale
from django.utils.translation import gettext as _

from ledger.errors import AmountInvalid
from ledger.money import decimals, format_for_people, format_plain, parse_amount

_GROUPED = re.compile(r"[0-9.,]{1,30}", re.ASCII)
# No amount has more, and decimals are calculated with 28.
_MOST_DIGITS = 23
_EXAMPLE_MINOR = 123_456
# The currencies whose people write lakhs and crores.
_INDIAN = frozenset({"INR"})


def amount_read(text: str, currency: str) -> int:
    """Read an amount as it was typed on a page, in the language of the page.

    Args:
        text: `1,234.56` in English, `1.234,56` in Portuguese; a sign of the currency around it is no matter.
        currency: ISO 4217 code.

    Returns:
        Minor units, at least 1.

    Raises:
        AmountInvalid: it is no amount, or can be read in two ways; the sentence names both.
    """
    typed = _without_sign(text, currency)
    if any(character.isdigit() and not character.isascii() for character in typed):
        raise AmountInvalid(_("Write the amount with the digits 0 to 9."))
    if not _is_nearly_amount(typed):
        # Not even nearly an amount; the ledger says what is wrong with it.
        return parse_amount(typed, currency)
    point, comma = _marks()
    plain = _plain(typed, currency, point=point, comma=comma) or _as_shown(typed, currency, point=point, comma=comma)
    if plain is None:
        raise AmountInvalid(_why_unread(typed, currency))
    return parse_amount(plain, currency)


def amount_written(amount_minor: int, currency: str) -> str:
    """Return the amount as it is typed on a page, without a sign: `1,00,000.00`, in Portuguese `100.000,00`."""
    point, comma = _marks()
    whole, _dot, fraction = format_plain(amount_minor, currency).partition(".")
    return _grouped(whole, comma, indian=_is_indian(currency)) + (point + fraction if fraction else "")


def amount_locale(currency: str) -> str:
    """Return the locale in which a script writes amounts on this page just as `amount_written` does."""
    return "en-IN" if _is_indian(currency) else to_locale(_language()).replace("_", "-")


def plain_amount(text: str, currency: str) -> str:
    """Return the amount as programs write it when it is written exactly as people of the currency do, else as it is.

    `1,234.50`, `1,234.5` and `1,234` are read for a currency that shows ₹1,234.50; `12,34` is not, for nobody can
    know what was meant.
    """
    if not _is_nearly_amount(text):
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
    """Return how an amount may be written in a file, in one sentence."""
    written = _written(_EXAMPLE_MINOR, currency, decimals(currency))
    return f"Write the amount plainly, without commas, such as {format_plain(_EXAMPLE_MINOR, currency)}, or {written}."


def _is_nearly_amount(text: str) -> bool:
    digits = sum(character.isdigit() for character in text)
    return _GROUPED.fullmatch(text) is not None and 0 < digits <= _MOST_DIGITS


def _language() -> str:
    return get_language() or "en"


def _is_english() -> bool:
    return _language().partition("-")[0] == "en"


def _marks() -> tuple[str, str]:
    """Return what stands before decimals and what between groups in the page's language."""
    locale = to_locale(_language())
    return get_decimal_symbol(locale), get_group_symbol(locale)


def _is_indian(currency: str) -> bool:
    return currency in _INDIAN and _is_english()


def _without_sign(text: str, currency: str) -> str:
    sign = re.sub(r"[0-9.,\s]", "", format_for_people(0, currency))
    typed = text.strip()
    for one in (sign, currency):
        typed = typed.removeprefix(one).removesuffix(one).strip()
    return typed


def _plain(typed: str, currency: str, *, point: str, comma: str) -> str | None:
    """Return the amount as programs write it, None when these marks do not make one of it."""
    whole, _mark, fraction = typed.partition(point)
    if len(fraction) > decimals(currency) or not re.fullmatch(r"[0-9]*", fraction, re.ASCII):
        return None
    if comma in whole and not _is_grouped(whole, comma, currency):
        return None
    digits = whole.replace(comma, "")
    if not digits.isdigit():
        return None
    return f"{digits}.{fraction}" if fraction else digits


def _is_grouped(whole: str, comma: str, currency: str) -> bool:
    digits = whole.replace(comma, "")
    ways = {False, currency in _INDIAN}
    return not digits.startswith("0") and any(whole == _grouped(digits, comma, indian=way) for way in ways)


def _grouped(digits: str, comma: str, *, indian: bool) -> str:
    head, tail = digits[:-3], digits[-3:]
    step = 2 if indian else 3
    first = len(head) % step
    groups = [head[:first], *(head[start : start + step] for start in range(first, len(head), step)), tail]
    return comma.join(group for group in groups if group)


def _as_shown(typed: str, currency: str, *, point: str, comma: str) -> str | None:
    """Read what has the marks of another language, if it can mean one thing only.

    That is so with both marks (`1.234,56`), with several groups (`1.234.567`), and when it is letter for letter what
    an English page shows: there each amount is written as people of its currency do.
    """
    other = _plain(typed, currency, point=comma, comma=point)
    if other is None:
        return None
    if (point in typed and comma in typed) or typed.count(point) > 1:
        return other
    places = decimals(currency)
    shown = _written(int(Decimal(other).scaleb(places)), currency, places)
    return other if _is_english() and places and typed == shown else None


def _why_unread(typed: str, currency: str) -> str:
    """Return why an amount was not read: that it can mean two things, and which, or how one is written."""
    marked = re.fullmatch(r"([0-9]+)[.,]([0-9]+)", typed, re.ASCII)
    if marked is None:
        return _("Write the amount such as %(example)s.") % {"example": amount_written(_EXAMPLE_MINOR, currency)}
    whole, fraction = marked.groups()
    places = decimals(currency)
    as_groups = int(whole + fraction) * 10**places
    as_decimals = int(whole + fraction[:places].ljust(places, "0"))
    return _("“%(typed)s” could mean %(first)s or %(second)s. Write it in the way that you mean.") % {
        "typed": typed,
        "first": amount_written(as_groups, currency),
        "second": amount_written(as_decimals, currency),
    }


def _written(minor: int, currency: str, fraction: int) -> str:
    """Return the amount as people write it, without a sign of the currency and with so many decimals."""
    places = decimals(currency)
    text = re.sub(r"[^0-9.,]", "", format_for_people(minor, currency)).strip(".,")
    return text[: len(text) - places + fraction].rstrip(".,") if places else text
