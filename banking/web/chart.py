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
        line, area: paths in a box of WIDTH by HEIGHT.
        lowest_minor, highest_minor: of the balances, in minor units.
    """

    line: str
    area: str
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


def balance_chart(series: list[tuple[date, int]]) -> BalanceChart:
    """Return the chart of balances at the ends of days, in minor units; at least one day.

    The line goes in steps, because a balance does: it stays until money moves.
    """
    balances = [balance for _, balance in series]
    lowest, highest = min(balances), max(balances)
    heights = [_height(balance, lowest, highest) for balance in balances]
    edges = [index * WIDTH // len(series) for index in range(len(series) + 1)]
    steps = "".join(f"V{height}H{edge}" for height, edge in zip(heights, edges[1:], strict=True))
    line = f"M0 {heights[0]}{steps}"
    days = [
        Day(left, right - left, day, balance)
        for (day, balance), left, right in zip(series, edges, edges[1:], strict=False)
    ]
    return BalanceChart(line, f"{line}V{HEIGHT}H0Z", days, lowest, highest)


def _height(balance: int, lowest: int, highest: int) -> int:
    if lowest == highest:
        return HEIGHT // 2
    return _MARGIN + (highest - balance) * (HEIGHT - 4 * _MARGIN) // (highest - lowest)
