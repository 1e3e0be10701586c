"""Percentiles, ratios, the table, the page and the picture."""

import xml.etree.ElementTree as ET
from pathlib import Path

import pytest

from banking.bench.chart import chart
from banking.bench.cpu import descendants, tree_seconds
from banking.bench.page import BEGIN, END, page_check, page_write
from banking.bench.series import Series, Turn, Verdict, percentile
from banking.bench.server import BenchError
from banking.bench.table import compared, figures, text_table, verdicts
from tests.bench.conftest import series, whole_bench
from tests.servers import ROOT

MACHINE = {"Processor": "an abacus, 10 cores", "Day": "2026-01-31"}


def test_percentiles_are_those_of_the_field() -> None:
    times = list(range(1, 102))
    assert [percentile(times, percent) for percent in (1, 50, 95, 99)] == [2, 51, 96, 100]
    assert percentile([9, 1, 5], 50) == 5
    assert percentile([7], 99) == 7


def test_a_series_adds_its_turns_up() -> None:
    first = Turn(seconds=2, done=10, times=[1_000] * 10, acknowledged=12, again=1, cpu={"web": 0.1, "database": None})
    second = Turn(seconds=1, done=20, times=[3_000] * 20, acknowledged=20, failed=8, cpu={"web": 0.3})
    both = Series("both", [first, second], each=100)
    assert both.rate == 1_000
    assert both.milliseconds(50) == 3
    assert (both.failed, both.again) == (8, 1)
    assert both.cpu("web") == pytest.approx(10)
    assert both.cpu("database") is None


@pytest.mark.parametrize(
    ("ratio", "is_limit", "said"),
    [
        (0.6, False, ["0.60", "≥ 0.6", "met"]),
        (0.59, False, ["0.59", "≥ 0.6", "not met"]),
        (0.6, True, ["0.60", "≤ 0.6", "met"]),
        (0.61, True, ["0.61", "≤ 0.6", "not met"]),
    ],
)
def test_a_target_is_met_or_not(ratio: float, is_limit: bool, said: list[str]) -> None:
    assert compared(Verdict("a", "b", ratio, 0.6, is_limit)) == said


def test_one_failed_request_is_one_too_many() -> None:
    measures = whole_bench()
    assert compared(verdicts(measures)[-1]) == ["0", "≤ 0", "met"]
    measures[0].series.append(series("bad", milliseconds=[1, 1], failed=1))
    assert compared(verdicts(measures)[-1]) == ["1", "≤ 0", "not met"]


def test_figures_stand_in_the_order_of_the_head() -> None:
    found = figures(series("x", milliseconds=[1, 2, 3], seconds=0.01))
    assert found == ["300", "2.00", "2.90", "2.98", "0", "2", "166.67", "", "0.33"]


def test_the_table_fits_a_terminal_and_says_everything() -> None:
    text = text_table(whole_bench())
    assert max(map(len, text.splitlines())) <= 100
    for words in (
        "One",
        "bare PyMongo",
        "64 clients, random pairs",
        "not there: not measured",
        "0.50    ≥ 0.8  not met",
    ):
        assert words in text


def test_of_what_failed_one_answer_is_shown() -> None:
    measures = whole_bench()
    measures[1].series[0].turns[0].refusals = ['{"code": "try_again"}', "another"]
    text = text_table(measures)
    assert '    answered: {"code": "try_again"}' in text
    assert "another" not in text


def test_the_page_keeps_what_people_wrote(tmp_path: Path) -> None:
    page = tmp_path / "performance.md"
    (tmp_path / "images").mkdir()
    page.write_text(f"# Before\n\n{BEGIN}\nold figures\n{END}\n\nafter\n")
    page_write(page, whole_bench(), MACHINE, "<svg/>")
    first = page.read_text()
    assert first.startswith(f"# Before\n\n{BEGIN}\n")
    assert first.endswith(f"{END}\n\nafter\n")
    assert "old figures" not in first
    for words in (
        "- Processor: an abacus",
        "| bare PyMongo | 10.0 |",
        "| 1 client: rate | bare PyMongo | 0.50 | ≥ 0.8 | not met |",
    ):
        assert words in first
    assert (tmp_path / "images" / "performance.svg").read_text() == "<svg/>"
    page_write(page, whole_bench(), MACHINE, "<svg/>")
    assert page.read_text() == first


@pytest.mark.parametrize("text", ["no marks", BEGIN, f"{END}\n{BEGIN}", f"{BEGIN}{END}{BEGIN}{END}"])
def test_a_page_without_a_place_for_figures_is_told_at_once(tmp_path: Path, text: str) -> None:
    page = tmp_path / "performance.md"
    page.write_text(text)
    with pytest.raises(BenchError, match="has no place for the figures"):
        page_check(page)


def test_a_page_that_is_not_there_is_told_at_once(tmp_path: Path) -> None:
    with pytest.raises(BenchError, match="cannot be read"):
        page_check(tmp_path / "performance.md")


def test_the_project_has_its_page() -> None:
    page_check(ROOT / "docs" / "performance.md")


def test_the_picture_is_drawn_from_the_figures_and_asks_nobody() -> None:
    text = chart(whole_bench())
    picture = ET.fromstring(text)  # noqa: S314 - our own
    names = {element.tag.rpartition("}")[2] for element in picture.iter()}
    assert names == {"svg", "title", "style", "rect", "text"}
    assert text.count("http") == text.count('xmlns="http://www.w3.org/2000/svg"') == 1
    bars = [element for element in picture.iter() if element.get("class") in ("bar", "reference")]
    widths = [int(bar.get("width", "")) for bar in bars]
    # The longest of a panel has all of the room: bare PyMongo made twice as many as one client.
    assert widths[0] == 2 * widths[1] == max(widths)
    assert widths[-1] == max(widths)
    figures_written = [element.text for element in picture.iter() if element.get("class") == "figure"]
    assert figures_written == ["10", "5", "2", "2.0", "3.0"]


def test_cpu_of_a_tree_counts_its_children() -> None:
    import os
    import subprocess
    import sys

    burn = "import time\nwhile time.process_time() < 0.2: pass\nprint('done', flush=True)\ninput()"
    with subprocess.Popen([sys.executable, "-c", burn], stdin=-1, stdout=-1, text=True) as child:
        assert child.stdout is not None
        assert child.stdout.readline() == "done\n"
        assert child.pid in descendants(os.getpid())
        assert (tree_seconds(child.pid) or 0) >= 0.15
        assert (tree_seconds(os.getpid()) or 0) > (tree_seconds(child.pid) or 0)
        child.communicate("\n")
    assert tree_seconds(child.pid) == 0
