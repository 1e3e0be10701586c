"""Writes the figures, the machine and the picture into the documentation, between two marks."""

from collections.abc import Collection, Mapping, Sequence
from pathlib import Path

from banking.bench.series import Measure
from banking.bench.server import BenchError
from banking.bench.table import FIGURES, LEGEND, compared, figures, verdicts

BEGIN, END = "<!-- made by make bench: begin -->", "<!-- made by make bench: end -->"
PICTURE = Path("images") / "performance.svg"


def page_check(page: Path) -> None:
    """Look whether the page can be written, before anything is measured.

    Raises:
        BenchError: it cannot be read, or has no place for the figures.
    """
    _around(page)


def page_write(page: Path, measures: Sequence[Measure], machine: Mapping[str, str], picture: str) -> None:
    """Replace what stands between the marks of the page, and the picture beside it.

    Args:
        page: a Markdown file with the two marks.
        measures: what was measured.
        machine: what on.
        picture: the text of the SVG.

    Raises:
        BenchError: the page has no place for the figures, or cannot be written.
    """
    before, after = _around(page)
    text = "\n\n".join([BEGIN, _machine(machine), *_verdicts(measures), *_figures(measures), *_picture(), END])
    try:
        (page.parent / PICTURE).write_text(picture, encoding="utf-8")
        page.write_text(f"{before}{text}{after}", encoding="utf-8")
    except OSError as error:
        raise BenchError(f"The figures cannot be written to {page}: {error.strerror}.") from error


def _around(page: Path) -> tuple[str, str]:
    try:
        text = page.read_text(encoding="utf-8")
    except OSError as error:
        raise BenchError(f"{page} cannot be read: {error.strerror}.") from error
    if text.count(BEGIN) != 1 or text.count(END) != 1 or text.index(END) < text.index(BEGIN):
        raise BenchError(f"{page} has no place for the figures: it needs the lines {BEGIN} and {END}.")
    return text.partition(BEGIN)[0], text.partition(END)[2]


def _machine(machine: Mapping[str, str]) -> str:
    return "\n".join(f"- {name}: {value}" for name, value in machine.items())


def _verdicts(measures: Sequence[Measure]) -> list[str]:
    rows = [[verdict.measure, verdict.beside, *compared(verdict)] for verdict in verdicts(measures)]
    notes = dict.fromkeys(note for measure in measures for note in measure.notes)
    return [_rows(["measure", "beside", "ratio", "to reach", ""], rows, figures=(2, 3)), *notes]


def _figures(measures: Sequence[Measure]) -> list[str]:
    rows = []
    for measure in (measure for measure in measures if measure.series):
        rows.append([f"**{measure.title}**", *[""] * len(FIGURES)])
        rows += [[series.name, *figures(series)] for series in measure.series]
    return [_rows(["", *FIGURES], rows, figures=range(1, len(FIGURES) + 1)), *LEGEND]


def _rows(head: Sequence[str], rows: Sequence[Sequence[str]], *, figures: Collection[int]) -> str:
    """Return a table of Markdown; the columns with these numbers are aligned as figures."""
    line = ["---:" if number in figures else "---" for number in range(len(head))]
    return "\n".join("| " + " | ".join(row) + " |" for row in [head, line, *rows])


def _picture() -> list[str]:
    return [f"![Requests a second, and the time of a read]({PICTURE.as_posix()})"]
