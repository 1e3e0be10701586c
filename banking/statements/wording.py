"""How a statement writes its days."""

from datetime import date
from functools import lru_cache

from django.utils.translation import get_language

from banking.locales import day_text
from banking.statements.periods import Period


def period_text(period: Period) -> str:
    """Write the days from the first to the last, or the one that they are."""
    first, last = line_day(period.first), line_day(period.last)
    return first if first == last else f"{first} \N{EN DASH} {last}"


def line_day(day: date) -> str:
    """Write the day of a line; lines come in the order of time, so those of a day are written alike at no cost."""
    return _line_day(day, get_language())


@lru_cache(maxsize=64)
def _line_day(day: date, _language: str | None) -> str:
    return day_text(day, with_year=True)
