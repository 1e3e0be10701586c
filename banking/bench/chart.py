"""The figures as a picture for the documentation: bars in an SVG without scripts or anything from elsewhere."""

from collections.abc import Sequence
from dataclasses import dataclass

from django.template.loader import render_to_string

from banking.bench.series import Measure, Series

WIDTH = 760
_BARS_FROM, _BARS_WIDTH = 320, 370
_ROW, _HEAD, _FOOT = 26, 64, 52


@dataclass(frozen=True, slots=True)
class Bar:
    """One bar; places and lengths in units of the picture."""

    label: str
    figure: str
    top: int
    length: int
    is_reference: bool


@dataclass(frozen=True, slots=True)
class Panel:
    """Bars that share a scale, and what they tell."""

    title: str
    top: int
    bars: list[Bar]

    @property
    def bottom(self) -> int:
        return self.top + _HEAD + len(self.bars) * _ROW


def chart(measures: Sequence[Measure]) -> str:
    """Return the picture: requests a second above, the times of reads below.

    Args:
        measures: all that `banking.bench.run.measure` gives when nothing is left out. The bulk has no bar: beside it
            the others could not be seen.
    """
    one, many, _, small, large = measures
    rates = _panel("Requests a second: more is better", 0, _rates(one, many))
    times = _panel(
        "Milliseconds a read (p50), by entries in the ledger: less is better", rates.bottom, _times(small, large)
    )
    panels = [rates, times]
    return render_to_string(
        "bench/chart.svg",
        {"panels": panels, "width": WIDTH, "height": times.bottom + _FOOT, "bars_from": _BARS_FROM},
    )


def _rates(one: Measure, many: Measure) -> list[tuple[str, float, str, bool]]:
    series = [*one.series, *many.series]
    return [(each.name, each.rate, f"{each.rate:,.0f}", each.is_reference) for each in series]


def _times(small: Measure, large: Measure) -> list[tuple[str, float, str, bool]]:
    """Return each question's time in the small ledger right before that in the large one."""
    found = []
    for question in large.series:
        pair = [(small, each, True) for each in small.series if each.name == question.name] + [
            (large, question, False)
        ]
        found += [_time(measure, series, is_reference) for measure, series, is_reference in pair]
    return found


def _time(measure: Measure, series: Series, is_reference: bool) -> tuple[str, float, str, bool]:
    time = series.milliseconds(50)
    return (f"{series.name}, {measure.subject}", time, f"{time:.1f}", is_reference)


def _panel(title: str, top: int, bars: list[tuple[str, float, str, bool]]) -> Panel:
    most = max(value for _, value, _, _ in bars)
    return Panel(
        title,
        top,
        [
            Bar(label, figure, top + _HEAD + number * _ROW, round(_BARS_WIDTH * value / most), is_reference)
            for number, (label, value, figure, is_reference) in enumerate(bars)
        ],
    )
