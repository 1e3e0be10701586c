"""The balance over time as shapes of an SVG, in whole units of its coordinates: no float touches money."""

from dataclasses import dataclass
from datetime import date

WIDTH, HEIGHT = 720, 160
_MARGIN = 12


@dataclass(frozen=True, slots=True)
class Day:
    """One day of the chart: where it is, and what the balance was at its end."""

    x: int
    width: int
    date: date
    balance_minor: int


@dataclass(frozen=True, slots=True)
class BalanceChart:
    """A chart that a template can draw.

    Args:
        line, area: paths in a box of WIDTH by HEIGHT; they begin with the account.
        zero: the height of nothing, from which the area goes up, or down for the bank's own accounts.
        since: the day on the left, whether or not there was an account on it.
        days: those that are drawn.
        lowest_minor, highest_minor: of the balances, in minor units.
    """

    line: str
    area: str
    zero: int
    since: date
    days: list[Day]
    lowest_minor: int
    highest_minor: int
    width: int = WIDTH
    height: int = HEIGHT

    @property
    def first(self) -> Day:
        return self.days[0]

    @property
    def last(self) -> Day:
        return self.days[-1]


def balance_chart(series: list[tuple[date, int]], *, begins: date = date.min) -> BalanceChart:
    """Return the chart of balances at the ends of days.

    The line goes in steps, because a balance does: it stays until money moves. Its heights are counted from zero, so
    that half the height is half the money.

    Args:
        series: days and minor units; at least one day.
        begins: the day of the first balance, one of the series; nothing is drawn before.
    """
    before = sum(day < begins for day, _ in series)
    balances = [balance for _, balance in series[before:]]
    lowest, highest = min(balances), max(balances)
    bottom, top = min(lowest, 0), max(highest, 0)
    heights = [_height(balance, bottom, top) for balance in balances]
    zero = _height(0, bottom, top)
    edges = [index * WIDTH // len(series) for index in range(len(series) + 1)]
    steps = "".join(f"V{height}H{edge}" for height, edge in zip(heights, edges[before + 1 :], strict=True))
    line = f"M{edges[before]} {heights[0]}{steps}"
    days = [
        Day(left, right - left, day, balance)
        for (day, balance), left, right in zip(series[before:], edges[before:], edges[before + 1 :], strict=False)
    ]
    return BalanceChart(line, f"{line}V{zero}H{edges[before]}Z", zero, series[0][0], days, lowest, highest)


def _height(balance: int, bottom: int, top: int) -> int:
    if bottom == top:
        return HEIGHT - _MARGIN
    return _MARGIN + (top - balance) * (HEIGHT - 2 * _MARGIN) // (top - bottom)
