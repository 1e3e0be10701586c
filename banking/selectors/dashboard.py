"""All that the dashboard shows about one account."""

from dataclasses import dataclass
from datetime import UTC, date, tzinfo

from banking.selectors.activity import Line, lines_of
from banking.selectors.people import Payee, payees_among
from banking.selectors.sides import sides_of
from ledger.history import MonthFlow, account_past, entries_page, failed_transactions, recent_counterparties
from ledger.records import Account

LINES = 10
PAYEES = 5
MONTHS = 12

Series = list[tuple[date, int]]


@dataclass(frozen=True, slots=True)
class Period:
    """How far back the balance is shown, and how many days lie between two of its figures."""

    days: int
    every: int


PERIODS = {"month": Period(30, 1), "quarter": Period(91, 3), "year": Period(365, 7)}
DEFAULT_PERIOD = "month"


@dataclass(frozen=True, slots=True)
class Overview:
    """An account at a glance.

    Args:
        series: the balance at the end of days, today last, in minor units.
        begins: the first of these days on which the account was there.
        months: what came in and went out, this month last.
    """

    account: Account
    series: Series
    begins: date
    months: list[MonthFlow]
    lines: list[Line]
    payees: list[Payee]

    @property
    def this_month(self) -> MonthFlow:
        return self.months[-1]


def overview_get(*, account: Account, period: Period, zone: tzinfo | None = None) -> Overview:
    """Return an account at a glance.

    Args:
        account: fetched for its owner.
        period: of the balance.
        zone: the reader's, whose midnights divide days and months; UTC without one.
    """
    days = zone or UTC
    series, months = account_past(account=account, days=period.days, every=period.every, months=MONTHS, zone=days)
    lines, payees = _latest(account)
    return Overview(
        account=account,
        series=series,
        begins=_begins(series, account.created_at.astimezone(days).date()),
        months=months,
        lines=lines,
        payees=payees,
    )


def _latest(account: Account) -> tuple[list[Line], list[Payee]]:
    """Return the last lines, and whom the account paid last; the names of both are looked up at once."""
    posted = entries_page(account=account, limit=LINES).entries
    failed = failed_transactions(account=account, limit=LINES)
    paid = recent_counterparties(account=account, limit=PAYEES)
    others = [*(entry.counterparty for entry in posted), *(transaction.receiver for transaction in failed)]
    sides = sides_of([*others, *paid])
    names = {one: side.name for one, side in sides.items()}
    return lines_of(posted, failed, names)[:LINES], payees_among(paid, sides, account.currency)


def _begins(series: Series, opened: date) -> date:
    """Return the day of the first balance, which a bank that was moved here may have before the day of opening."""
    return next((day for day, balance in series if balance or day >= opened), series[-1][0])
