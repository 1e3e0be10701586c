"""Amounts: integers in minor units inside, exact decimals at the edge, never a float.

The currency table (ISO 4217) and the way people of a currency write it come from py-moneyed and Babel.
"""

import re
from decimal import Decimal
from functools import cache

import moneyed
from babel.core import Locale
from babel.numbers import NumberPattern, format_compact_currency, parse_pattern
from bson.int64 import Int64
from django.conf import settings
from moneyed.l10n import format_money

from ledger.errors import AmountInvalid, CurrencyNotOffered

MAX_MINOR = 2**63 - 1

_PLAIN_DECIMAL = re.compile(r"([0-9]{1,19})(?:\.([0-9]{1,19}))?", re.ASCII)
# How the people of a currency write it; a currency that is not here is written the English way.
_LOCALES = {"INR": "en_IN", "BRL": "pt_BR", "EUR": "en_IE", "USD": "en_US", "GBP": "en_GB", "JPY": "ja_JP"}


@cache
def decimals(currency: str) -> int:
    """Return how many decimals the currency has (INR 2, JPY 0, KWD 3).

    Raises:
        CurrencyNotOffered: ISO 4217 does not know it.
    """
    try:
        sub_unit = int(moneyed.get_currency(currency).sub_unit)
    except moneyed.CurrencyDoesNotExist as error:
        raise CurrencyNotOffered(currency) from error
    return len(str(sub_unit)) - 1


def offered_currencies() -> tuple[str, ...]:
    """Return the currencies this bank opens accounts in, as its settings name them."""
    return tuple(settings.CURRENCIES)


def currency_check(currency: object) -> str:
    """Return the currency if the bank offers it.

    Raises:
        CurrencyNotOffered: it is not a text or not among the offered ones.
    """
    if not isinstance(currency, str) or currency not in offered_currencies():
        raise CurrencyNotOffered(currency)
    return currency


def parse_amount(value: object, currency: str) -> int:
    """Read an amount in major units.

    Args:
        value: an int, a Decimal or a plain decimal string (`1500`, `"33.33"`); no sign, exponent or separators.
        currency: ISO 4217 code that says how many decimals are allowed.

    Returns:
        Minor units, from 1 to 2**63 - 1.

    Raises:
        AmountInvalid: anything else, with what was wrong in one sentence.
    """
    if isinstance(value, bool) or not isinstance(value, int | Decimal | str):
        raise AmountInvalid('The amount must be a number or a decimal string, such as 1500 or "33.33".')
    if isinstance(value, int) and not 0 < value <= MAX_MINOR:
        raise AmountInvalid("The amount must be greater than zero." if value <= 0 else "The amount is too large.")
    match = _PLAIN_DECIMAL.fullmatch(str(value))
    if match is None:
        raise AmountInvalid("The amount must be a plain positive number, such as 1500 or 33.33.")
    return _minor(match.group(1), match.group(2) or "", currency)


def _minor(whole: str, fraction: str, currency: str) -> int:
    places = decimals(currency)
    if len(fraction) > places:
        raise AmountInvalid(f"{currency} has {places} decimals; the amount has {len(fraction)}.")
    minor = int(whole + fraction.ljust(places, "0"))
    if minor == 0:
        raise AmountInvalid("The amount must be greater than zero.")
    if minor > MAX_MINOR:
        raise AmountInvalid("The amount is too large.")
    return minor


def to_decimal(amount_minor: int, currency: str) -> Decimal:
    """Return minor units as an exact decimal in major units."""
    return Decimal(amount_minor).scaleb(-decimals(currency))


def format_plain(amount_minor: int, currency: str) -> str:
    """Return minor units as programs read them: `1500.00`, with all of the currency's decimals."""
    return f"{to_decimal(amount_minor, currency):f}"


def format_for_people(amount_minor: int, currency: str, locale: str = "") -> str:
    """Return minor units as people of the currency write them: `₹1,00,000.00`.

    Args:
        amount_minor: minor units.
        currency: ISO 4217 code.
        locale: `pt_BR` for as they are written there, whatever the currency: `₹ 100.000,00`.
    """
    money = moneyed.Money(to_decimal(amount_minor, currency), currency)
    return str(format_money(money, locale=locale or _LOCALES.get(currency, "en_US")))


def format_short(amount_minor: int, currency: str, locale: str = "") -> str:
    """Return minor units rounded to a few digits, for where there is little room: `₹1.5L`.

    Args:
        as for `format_for_people`.
    """
    of = locale or _LOCALES.get(currency, "en_US")
    short: str = format_compact_currency(to_decimal(amount_minor, currency), currency, locale=of, fraction_digits=1)
    return short


def format_figure(amount_minor: int, currency: str, locale: str = "") -> str:
    """Return minor units as `format_for_people` does, without the currency: for a table that says it once.

    Args:
        amount_minor: minor units.
        currency: ISO 4217 code.
        locale: as there.
    """
    where = locale or _LOCALES.get(currency, "en_US")
    sign = "\N{MINUS SIGN}" if amount_minor < 0 else ""
    figure: str = _figure_pattern(currency, where).apply(abs(to_decimal(amount_minor, currency)), where)
    return f"{sign}{figure}"


@cache
def _figure_pattern(currency: str, locale: str) -> NumberPattern:
    """How figures of a currency are written; looked up once, as a long statement has many thousands of them."""
    standard: str = Locale.parse(locale).currency_formats["standard"].pattern
    whole = standard.partition(";")[0].partition(".")[0].replace("¤", "").strip()
    return parse_pattern(f"{whole}.{'0' * decimals(currency)}".rstrip("."))


@cache
def _caps(text: str) -> dict[str, str]:
    pairs = [part.partition("=") for part in text.replace(" ", "").split(",") if part]
    return {(name if value else "*"): (value or name) for name, _, value in pairs}


def transfer_cap_minor(currency: str) -> int:
    """Return the most that one transfer may move, in minor units (`TRANSFER_CAP`)."""
    caps = _caps(settings.TRANSFER_CAP)
    cap = caps.get(currency, caps.get("*"))
    return MAX_MINOR if cap is None else parse_amount(cap, currency)


def int64(value: int) -> Int64:
    """Return the value in the type that the database stores money in, refusing what it cannot hold."""
    if not -MAX_MINOR <= value <= MAX_MINOR:
        raise OverflowError("money beyond 64 bits")
    return Int64(value)
