"""All that the dashboard shows about one account."""

from dataclasses import dataclass
from datetime import UTC, date, tzinfo

from banking.selectors.activity import Line, recent_lines
from banking.selectors.people import Payee, payees_recent
from ledger.history import balance_series, month_totals
from ledger.records import Account

DAYS = 30
LINES = 6

Series = list[tuple[date, int]]


@dataclass(frozen=True, slots=True)
class Overview:
    """An account at a glance.

    Args:
        series: the balance at the end of each day, today last, in minor units.
        begins: the first of these days on which the account was there.
        month_in, month_out: since the first of the month, in minor units.
    """

    account: Account
    series: Series
    begins: date
    month_in: int
    month_out: int
    lines: list[Line]
    payees: list[Payee]


def overview_get(*, account: Account, zone: tzinfo | None = None) -> Overview:
    """Return an account at a glance.

    Args:
        account: fetched for its owner.
        zone: the reader's, whose midnights divide days and months; UTC without one.
    """
    days = zone or UTC
    series = balance_series(account=account, days=DAYS, zone=days)
    month_in, month_out = month_totals(account=account, zone=days)
    return Overview(
        account=account,
        series=series,
        begins=_begins(series, account.created_at.astimezone(days).date()),
        month_in=month_in,
        month_out=month_out,
        lines=recent_lines(account=account, limit=LINES),
        payees=payees_recent(account=account),
    )


def _begins(series: Series, opened: date) -> date:
    """Return the day of the first balance, which a bank that was moved here may have before the day of opening."""
    return next((day for day, balance in series if balance or day >= opened), series[-1][0])
