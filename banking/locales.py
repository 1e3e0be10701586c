"""How money, numbers and days are written in the language that words are in at the moment.

In English an amount is written as people of its currency write it; in another language as that language does it.
"""

from datetime import date

from babel.dates import format_skeleton
from babel.numbers import format_compact_decimal, format_decimal, get_currency_name
from django.utils.translation import get_language, to_locale

from ledger.money import format_figure, format_for_people, format_short

_ENGLISH = "en"
# The bank's English writes the day before the month.
_ENGLISH_DAYS = "en_GB"


def money_text(amount_minor: int, currency: str) -> str:
    """Write an amount with the sign of its currency: `₹1,00,000.00`, in Portuguese `₹ 100.000,00`."""
    return format_for_people(amount_minor, currency, locale="" if _is_english() else _locale())


def money_short(amount_minor: int, currency: str) -> str:
    """Write an amount as short as it can be, for the axis of a chart: `₹1.5L`, in Portuguese `₹ 150 mil`."""
    return format_short(amount_minor, currency, locale="" if _is_english() else _locale())


def figure_text(amount_minor: int, currency: str) -> str:
    """Write an amount as `money_text` does, without the sign of its currency: for a table that says it once."""
    return format_figure(amount_minor, currency, locale="" if _is_english() else _locale())


def currency_text(currency: str) -> str:
    """Write the name of a currency: `Indian Rupee`, in Portuguese `Rupia indiana`."""
    name = str(get_currency_name(currency, locale=_locale()))
    return name[:1].upper() + name[1:]


def number_text(number: int) -> str:
    """Write a number of things so that thousands can be seen: `10,000`, in Portuguese `10.000`."""
    return format_decimal(number, locale=_locale())


def number_short(number: int) -> str:
    """Write a number of things as short as it can be, for the axis of a chart: `1.5K`, in Portuguese `1,5 mil`."""
    return str(format_compact_decimal(number, locale=_locale(), fraction_digits=1))


def day_text(day: date, *, with_year: bool) -> str:
    """Write a day, or the day of a time in its own zone: `3 Nov 2026`, in Portuguese `3 de nov. de 2026`."""
    return _in_the_form("yMMMd" if with_year else "MMMd", day)


def month_text(day: date, *, with_year: bool) -> str:
    """Write the month of a day: `Nov 2026`, in Portuguese `nov. de 2026`."""
    return _in_the_form("yMMM" if with_year else "MMM", day)


def _in_the_form(skeleton: str, day: date) -> str:
    return str(format_skeleton(skeleton, day, locale=_ENGLISH_DAYS if _is_english() else _locale()))


def _is_english() -> bool:
    return (get_language() or _ENGLISH).partition("-")[0] == _ENGLISH


def _locale() -> str:
    return to_locale(get_language() or _ENGLISH)
