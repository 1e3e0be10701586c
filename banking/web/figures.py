"""Figures of accounts and of the bank as charts, in the reader's language."""

from collections.abc import Sequence
from datetime import date

from django.utils.translation import gettext as _

from banking.locales import day_text, money_short, money_text, month_text, number_short, number_text
from banking.selectors.dashboard import Series as Balances
from banking.selectors.overview import Stretch
from banking.web.charts import Chart, Places, Series, bars_chart, steps_chart
from ledger.history import MonthFlow


def balance_chart(balances: Balances, *, begins: date, currency: str) -> Chart:
    """Return the chart of balances at the ends of days.

    Args:
        balances: days and minor units; at least one day.
        begins: the day of the first balance; nothing is drawn before.
        currency: ISO 4217 code.
    """
    known = [balance for day, balance in balances if day >= begins]
    texts = {name: money_text(balance, currency) for name, balance in _marks(known)}
    return steps_chart(
        title=_("Balance over time"),
        summary=_("From %(first)s to %(last)s, lowest %(lowest)s, highest %(highest)s") % texts,
        places=days_along([day for day, _balance in balances]),
        series=Series(_("Balance"), "balance", [balance if day >= begins else None for day, balance in balances]),
        text=lambda figure: money_text(figure, currency),
        short=lambda figure: money_short(figure, currency),
    )


def _marks(known: Sequence[int]) -> list[tuple[str, int]]:
    return [("first", known[0]), ("last", known[-1]), ("lowest", min(known)), ("highest", max(known))]


def months_chart(months: Sequence[MonthFlow], *, currency: str) -> Chart:
    """Return the chart of what came in and went out, by month."""
    this = months[-1]
    texts = {"in": money_text(this.in_minor, currency), "out": money_text(this.out_minor, currency)}
    return bars_chart(
        title=_("Money in and out by month"),
        summary=_("This month %(in)s came in and %(out)s went out") % texts,
        places=months_along([month.first for month in months]),
        series=[
            Series(_("In"), "in", [month.in_minor for month in months]),
            Series(_("Out"), "out", [month.out_minor for month in months]),
        ],
        text=lambda figure: money_text(figure, currency),
        short=lambda figure: money_short(figure, currency),
    )


def days_along(days: Sequence[date]) -> Places:
    """Return days as the places along the bottom of a chart."""
    return Places(
        _("Day"), [day_text(day, with_year=True) for day in days], [day_text(day, with_year=False) for day in days]
    )


def months_along(firsts: Sequence[date]) -> Places:
    """Return months, by their first days, as the places along the bottom of a chart."""
    return Places(
        _("Month"),
        [month_text(first, with_year=True) for first in firsts],
        [month_text(first, with_year=False) for first in firsts],
    )


def bank_charts(stretches: Sequence[Stretch], *, by_month: bool, currency: str) -> dict[str, Chart]:
    """Return the charts of the whole bank: transactions, volume and people.

    Args:
        stretches: days or months, the present one last.
        by_month: whether they are months.
        currency: of the volume, ISO 4217 code.
    """
    firsts = [one.first for one in stretches]
    places = months_along(firsts) if by_month else days_along(firsts)
    return {
        "transactions": _transactions_chart(stretches, places),
        "volume": _volume_chart(stretches, places, currency),
        "people": _people_chart(stretches, places),
    }


def _transactions_chart(stretches: Sequence[Stretch], places: Places) -> Chart:
    known = [one.stats for one in stretches if one.stats is not None]
    all_of, failed = sum(one.transactions for one in known), sum(one.failed for one in known)
    return bars_chart(
        title=_("Transactions"),
        summary=_("%(all)s transactions, of which %(failed)s failed")
        % {"all": number_text(all_of), "failed": number_text(failed)},
        places=places,
        series=[
            Series(
                _("Transactions"), "good", [None if one.stats is None else one.stats.transactions for one in stretches]
            ),
            Series(
                _("Of these failed"), "bad", [None if one.stats is None else one.stats.failed for one in stretches]
            ),
        ],
        text=number_text,
        short=number_short,
    )


def _volume_chart(stretches: Sequence[Stretch], places: Places, currency: str) -> Chart:
    volumes = [None if one.stats is None else one.stats.volume_minor.get(currency, 0) for one in stretches]
    moved = money_text(sum(volume or 0 for volume in volumes), currency)
    return bars_chart(
        title=_("Volume"),
        summary=_("Customers moved %(amount)s in all") % {"amount": moved},
        places=places,
        series=[Series(_("Volume"), "good", volumes)],
        text=lambda figure: money_text(figure, currency),
        short=lambda figure: money_short(figure, currency),
    )


def _people_chart(stretches: Sequence[Stretch], places: Places) -> Chart:
    people = [one.people for one in stretches]
    return bars_chart(
        title=_("New people"),
        summary=_("%(number)s people joined in all") % {"number": number_text(sum(one or 0 for one in people))},
        places=places,
        series=[Series(_("New people"), "good", people)],
        text=number_text,
        short=number_short,
    )
