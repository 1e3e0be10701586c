"""How a statement writes its days and figures: as the pages do (`banking.locales`), but for what a table needs."""

import re

from banking.locales import day_text, money_text
from banking.statements.periods import Period

_NOT_A_FIGURE = re.compile(r"[^\d.,\s]")


def period_text(period: Period) -> str:
    """Write the days from the first to the last, or the one that they are."""
    first, last = (day_text(day, with_year=True) for day in (period.first, period.last))
    return first if period.first == period.last else f"{first} \N{EN DASH} {last}"


def figure_text(amount_minor: int, currency: str) -> str:
    """Write an amount without its currency, which stands on the page once: `1,00,000.00`."""
    sign = "\N{MINUS SIGN}" if amount_minor < 0 else ""
    return sign + _NOT_A_FIGURE.sub("", money_text(abs(amount_minor), currency)).strip()
