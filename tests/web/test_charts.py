"""Charts: shapes that are where the figures say, no style or script of their own, and all the figures behind them."""

import re
from collections.abc import Sequence
from datetime import date, timedelta
from xml.etree.ElementTree import Element, fromstring

import pytest
from django.template.loader import render_to_string

from banking.web.charts import Chart, Places, Series, bars_chart, steps_chart
from banking.web.figures import balance_chart, months_chart
from ledger.history import MonthFlow

SVG = "{http://www.w3.org/2000/svg}"


def pictures(chart: Chart) -> list[Element]:
    return [fromstring(text) for text in (chart.wide, chart.narrow)]  # noqa: S314


def of_class(root: Element, name: str) -> list[Element]:
    return [one for one in root.iter() if name in (one.get("class") or "").split()]


def steps(figures: Sequence[int | None]) -> Chart:
    names = [f"Day {number}" for number in range(len(figures))]
    return steps_chart(
        title="Balance",
        summary="Up",
        places=Places("Day", names, names),
        series=Series("Balance", "balance", figures),
        text=lambda figure: f"<{figure}>",
        short=str,
    )


def bars(money_in: Sequence[int | None], money_out: Sequence[int | None]) -> Chart:
    names = [f"Month <{number}>" for number in range(len(money_in))]
    return bars_chart(
        title="In & out",
        summary="More in",
        places=Places("Month", names, names),
        series=[Series("In", "in", money_in), Series("Out", "out", money_out)],
        text=lambda figure: f"{figure}!",
        short=str,
    )


def heights(root: Element) -> list[float]:
    return [float(one.get("height", "nan")) for one in of_class(root, "chart-bar")]


def words_along(root: Element) -> list[str | None]:
    return [text.text for text in root.findall(f".//{SVG}g[@class='chart-places']//{SVG}text")]


def outline(root: Element) -> list[tuple[float, float]]:
    (line,) = of_class(root, "chart-line")
    return [(float(x), float(y)) for x, y in re.findall(r"(-?[\d.]+) (-?[\d.]+)", line.get("d", ""))]


CHARTS = [
    steps([0, 50, 100]),
    steps([None, None, 7]),
    steps([0]),
    steps([-5, 5]),
    steps([2**62, 0]),
    bars([1, 2, 3], [3, 2, 1]),
    bars([0, 0], [0, 0]),
    bars([1, None], [None, 2]),
]


@pytest.mark.parametrize("chart", CHARTS)
def test_a_picture_brings_no_style_no_script_and_nothing_from_elsewhere(chart: Chart) -> None:
    for text in (chart.wide, chart.narrow):
        assert not re.search(r"<style|<script|style=|\son\w+=|https?://(?!www\.w3\.org/2000/svg)|url\(|<!--", text)


@pytest.mark.parametrize("chart", CHARTS)
def test_a_picture_is_one_thing_with_a_name(chart: Chart) -> None:
    for root in pictures(chart):
        assert (root.tag, root.get("role")) == (f"{SVG}svg", "img")
        assert root.get("aria-label") == f"{chart.title}. {chart.summary}"
        assert root.get("id") is None


def test_the_line_goes_in_steps_that_are_as_high_as_the_figures() -> None:
    for root in pictures(steps([0, 50, 100])):
        points = outline(root)
        assert len(points) == 6
        lows, middles, highs = points[:2], points[2:4], points[4:]
        assert all(pair[0][1] == pair[1][1] for pair in (lows, middles, highs))
        assert lows[0][1] > middles[0][1] > highs[0][1]
        assert (lows[0][1] - middles[0][1]) == pytest.approx(middles[0][1] - highs[0][1], abs=0.2)
        widths = [pair[1][0] - pair[0][0] for pair in (lows, middles, highs)]
        assert widths == [pytest.approx(widths[0], abs=0.2)] * 3


def test_nothing_is_drawn_where_there_was_no_account() -> None:
    for root, whole in zip(pictures(steps([None, None, 10, 20])), pictures(steps([0, 0, 10, 20])), strict=True):
        assert [x for x, _ in outline(root)] == pytest.approx([x for x, _ in outline(whole)[4:]], abs=3)
        assert [hit[0].text for hit in of_class(root, "chart-hit")] == ["Day 2: <10>", "Day 3: <20>"]


def test_bars_are_as_high_as_the_figures_and_say_them() -> None:
    for root in pictures(bars([100, 50], [25, 0])):
        tall, half, quarter, none = heights(root)
        assert [half * 2, quarter * 4] == pytest.approx([tall, tall], rel=0.01)
        assert none == pytest.approx(0, abs=0.1)
        assert [one[0].text for one in of_class(root, "chart-bar")] == [
            "Month <0>: In 100!",
            "Month <1>: In 50!",
            "Month <0>: Out 25!",
            "Month <1>: Out 0!",
        ]


def test_kinds_are_told_apart_by_more_than_their_colour() -> None:
    for root in pictures(bars([1], [1])):
        assert len(of_class(root, "chart-series--in")) == len(of_class(root, "chart-series--out")) == 1


def test_words_under_the_picture_do_not_crowd() -> None:
    days = [date(2026, 1, 1) + timedelta(days=number) for number in range(365)]
    chart = balance_chart([(day, 100) for day in days], begins=date.min, currency="INR")
    wide, narrow = (words_along(root) for root in pictures(chart))
    assert len(wide) <= 7
    assert len(narrow) <= 4
    assert wide[-1] == narrow[-1] == "31 Dec"


def test_all_figures_stand_in_a_table_newest_first() -> None:
    months = [MonthFlow(date(2026, month, 1), month * 100, month * 10) for month in (1, 2, 3)]
    page = render_to_string("components/chart.html", {"chart": months_chart(months, currency="EUR")})
    cells = re.findall(r"<t[hd][^>]*>([^<]*)</t[hd]>", page)
    assert cells[:3] == ["Month", "In", "Out"]
    assert cells[3:6] == ["Mar 2026", "€3.00", "€0.30"]
    assert cells[-3:] == ["Jan 2026", "€1.00", "€0.10"]


def test_what_a_chart_shows_is_also_said() -> None:
    series = [(date(2026, 1, 1), 0), (date(2026, 1, 2), 500), (date(2026, 1, 3), 200), (date(2026, 1, 4), 300)]
    chart = balance_chart(series, begins=date(2026, 1, 2), currency="USD")
    assert chart.summary == "From $5.00 to $3.00, lowest $2.00, highest $5.00"
    assert [row.name for row in chart.rows] == ["4 Jan 2026", "3 Jan 2026", "2 Jan 2026"]


def test_names_cannot_become_markup() -> None:
    page = render_to_string("components/chart.html", {"chart": bars([1], [2])})
    assert "<0>" not in page
    assert "Month &lt;0&gt;" in page
