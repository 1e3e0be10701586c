"""Charts as SVG that stands in the page: pygal draws the scales and the marks, our style sheet gives them their looks.

What pygal would bring along beside the shapes is taken out, because the pages' policy forbids it: a style sheet, a
script, places for tooltips. Each picture is drawn twice, wide and narrow, so that its words are as large on a
telephone as on a desk; the style sheet shows one of them. The figures stand behind it in a table.

Figures come as whole numbers and are written by the caller; only coordinates are fractions.
"""

import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import Any
from xml.etree.ElementTree import Element, SubElement

import pygal
from django.utils.safestring import SafeString, mark_safe

Text = Callable[[int], str]

_WIDE, _NARROW = (720, 250), (340, 230)
# How many words fit under a picture.
_WIDE_WORDS, _NARROW_WORDS = 7, 4
_COMMENT = re.compile(r"<!--.*?-->", re.DOTALL)
_POINT = re.compile(r"(-?[0-9.]+) (-?[0-9.]+)")


@dataclass(frozen=True, slots=True)
class Series:
    """One kind of figures.

    Args:
        name: in the legend and in the table's head.
        kind: how it looks, by the style sheet: `balance`, `in`, `out`, `good`, `bad`.
        figures: one for each place, None where there is none.
    """

    name: str
    kind: str
    figures: Sequence[int | None]


@dataclass(frozen=True, slots=True)
class Row:
    """What the table says of one place: its name and the figures in words."""

    name: str
    texts: list[str]


@dataclass(frozen=True, slots=True)
class Chart:
    """A chart that the component of that name shows.

    Args:
        title: what it shows.
        summary: what one sees in it, in a sentence, for those who do not see it.
        wide, narrow: the same picture for desks and for telephones.
        series: for the legend.
        place: the head of the table's first column.
        rows: the figures behind it, newest first.
    """

    title: str
    summary: str
    wide: SafeString
    narrow: SafeString
    series: Sequence[Series]
    place: str
    rows: list[Row]


@dataclass(frozen=True, slots=True)
class Places:
    """What stands along the bottom: days, weeks or months.

    Args:
        head: what they are.
        names: each in full, oldest first.
        words: each as short as it can be, for the axis.
    """

    head: str
    names: Sequence[str]
    words: Sequence[str]


def bars_chart(
    *, title: str, summary: str, places: Places, series: Sequence[Series], text: Text, short: Text
) -> Chart:
    """Return figures as bars, those of one place beside each other.

    Args:
        title, summary: as in `Chart`.
        places: along the bottom; at least one.
        series: with a figure for each place.
        text: writes a figure in full.
        short: writes a figure for the axis.
    """

    def drawn(size: tuple[int, int], most_words: int) -> SafeString:
        chart = pygal.Bar(**_manners(size), value_formatter=lambda figure: short(round(figure)))
        chart.x_labels = _spaced(places.words, most_words)
        for one in series:
            chart.add(one.name, list(one.figures))
        return _picture(chart, f"{title}. {summary}", lambda root: _bars_named(root, places, series, text))

    return Chart(
        title, summary, drawn(_WIDE, _WIDE_WORDS), drawn(_NARROW, _NARROW_WORDS), *_behind(places, series, text)
    )


def steps_chart(*, title: str, summary: str, places: Places, series: Series, text: Text, short: Text) -> Chart:
    """Return one series as a line that goes in steps, because a balance stays until money moves.

    Args:
        as for `bars_chart`; figures that are None come first.
    """
    first = sum(figure is None for figure in series.figures)
    shown = [figure for figure in series.figures if figure is not None]

    def drawn(size: tuple[int, int], most_words: int) -> SafeString:
        chart = pygal.XY(
            **_manners(size), value_formatter=lambda figure: short(round(figure)), fill=True, show_dots=False, zero=0
        )
        chart.xrange = (0, len(series.figures))
        chart.x_labels = [
            {"value": place + 0.5, "label": word}
            for place, word in enumerate(_spaced(places.words, most_words))
            if word
        ]
        edges = [(place + edge, figure) for place, figure in enumerate(shown, start=first) for edge in (0, 1)]
        chart.add(series.name, edges)
        return _picture(
            chart, f"{title}. {summary}", lambda root: _steps_named(root, places.names[first:], shown, text)
        )

    wide, narrow = drawn(_WIDE, _WIDE_WORDS), drawn(_NARROW, _NARROW_WORDS)
    return Chart(title, summary, wide, narrow, *_behind(places, [series], text))


def _manners(size: tuple[int, int]) -> dict[str, Any]:
    width, height = size
    return {
        "width": width,
        "height": height,
        "css": [],
        "js": [],
        "no_prefix": True,
        "disable_xml_declaration": True,
        # Only so many words are shown as there is room for; none of them is cut short, also in longer languages.
        "truncate_label": -1,
        "show_legend": False,
        "show_x_guides": False,
        "include_x_axis": True,
        "min_scale": 3,
        "max_scale": 5,
        # Figures are whole: nothing stands at the scale between two of them.
        "order_min": 0,
        "margin": 0,
        "margin_top": 10,
        "margin_right": 4,
        "spacing": 4,
    }


def _picture(chart: Any, label: str, name_marks: Callable[[Element], None]) -> SafeString:
    """Draw a chart, without anything but shapes and words, with a name for screen readers."""

    def adapt(root: Element) -> Element:
        plot = next(one for one in root.iter("g") if one.get("class") == "plot")
        for found in list(root):
            root.remove(found)
        root.attrib.pop("id")
        root.attrib.update({"class": "chart-picture", "role": "img", "aria-label": label})
        root.append(plot)
        _scales_plain(plot)
        name_marks(plot)
        plot.remove(next(plot.iter("rect")))
        return root

    chart.add_xml_filter(adapt)
    # Names of places and series are text nodes of a tree, and so escaped.
    return mark_safe(_COMMENT.sub("", chart.render(is_unicode=True)))  # noqa: S308


def _scales_plain(plot: Element) -> None:
    """Give the scales our own names, and leave out what only pygal's tooltips need."""
    for parent in list(plot.iter()):
        for found in [one for one in parent if one.tag in {"desc", "title"}]:
            parent.remove(found)
    for axis in list(_groups(plot, "axis")):
        is_along = "x" in axis.get("class", "").split()
        axis.set("class", "chart-places" if is_along else "chart-scale")
        for part in [axis, *axis.iter("g")]:
            for line in part.findall("path"):
                if is_along:
                    part.remove(line)
                line.set("class", "chart-zero" if "axis" in line.get("class", "").split() else "chart-guide")
        for one in (*axis.iter("text"), *axis.findall("g")):
            one.attrib.pop("class", None)


def _bars_named(plot: Element, places: Places, series: Sequence[Series], text: Text) -> None:
    """Say with each bar what it stands for, and let it look like its series."""
    for one, group in zip(series, _groups(plot, "series"), strict=True):
        group.set("class", f"chart-series chart-series--{one.kind}")
        known = [(name, figure) for name, figure in zip(places.names, one.figures, strict=True) if figure is not None]
        for bar, (name, figure) in zip(_groups(group, "bar"), known, strict=True):
            rect = next(bar.iter("rect"))
            rect.set("class", "chart-bar")
            SubElement(rect, "title").text = f"{name}: {one.name} {text(figure)}"


def _steps_named(plot: Element, names: Sequence[str], figures: Sequence[int], text: Text) -> None:
    """Split the line from the area under it, and give each step a place to point at."""
    group = next(_groups(plot, "series"))
    path = next(group.iter("path"))
    # Pygal begins and ends a filled line on the zero.
    outline = [(found[1], found[2]) for found in _POINT.finditer(path.get("d", ""))]
    line = outline[1:-1]
    group.remove(path)
    group.set("class", "chart-series chart-series--balance")
    height = next(plot.iter("rect")).get("height", "0")
    SubElement(group, "path", {"class": "chart-area", "d": _path(outline) + "Z"})
    SubElement(group, "path", {"class": "chart-line", "d": _path(line)})
    for name, figure, begin, end in zip(names, figures, line[::2], line[1::2], strict=True):
        width = f"{Decimal(end[0]) - Decimal(begin[0]):.2f}"
        hit = SubElement(
            group, "rect", {"class": "chart-hit", "x": begin[0], "y": "0", "width": width, "height": height}
        )
        SubElement(hit, "title").text = f"{name}: {text(figure)}"


def _path(points: Sequence[tuple[str, str]]) -> str:
    return "M" + "L".join(f"{Decimal(x):.1f} {Decimal(y):.1f}" for x, y in points)


def _groups(element: Element, kind: str) -> Any:
    return (one for one in element.iter("g") if (one.get("class") or "").split(" ")[0] == kind)


def _spaced(words: Sequence[str], most: int) -> list[str]:
    """Leave only as many words as fit, counted from the newest."""
    every = -(-len(words) // most)
    return [word if (len(words) - 1 - place) % every == 0 else "" for place, word in enumerate(words)]


def _behind(places: Places, series: Sequence[Series], text: Text) -> tuple[Sequence[Series], str, list[Row]]:
    rows = [
        Row(name, ["" if one.figures[place] is None else text(one.figures[place] or 0) for one in series])
        for place, name in enumerate(places.names)
        if any(one.figures[place] is not None for one in series)
    ]
    return series, places.head, rows[::-1]
