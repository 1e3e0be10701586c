"""The figures as text, for a terminal of 100 columns."""

from collections.abc import Sequence

from banking.bench.series import PERCENTS, Measure, Series, Verdict

LEGEND = (
    "p50, p95, p99: milliseconds a request. again: database transactions that were aborted and run again.",
    "web, db, load: CPU seconds of the server, the database and the load generator for 1,000 requests.",
)
_NAME = 33
FIGURES = ("per s", "p50", "p95", "p99", "failed", "again", "web", "db", "load")
_WIDTHS = (8, 8, 8, 8, 7, 6, 7, 7, 7)
_MEASURE, _BESIDE = 44, 30


def text_table(measures: Sequence[Measure]) -> str:
    """Return all figures, then each measure beside its reference."""
    lines = [" " * _NAME + _aligned(FIGURES)]
    for measure in measures:
        lines += ["", measure.title]
        lines += [line for series in measure.series for line in _series_lines(series)]
        lines += [f"  {note}" for note in measure.notes]
    return "\n".join([*lines, "", *LEGEND, "", *_verdict_lines(measures)])


def verdicts(measures: Sequence[Measure]) -> list[Verdict]:
    """Return how the measures compare, and last that nothing may fail."""
    failed = sum(series.failed for measure in measures for series in measure.series)
    nothing = Verdict("failed or lost, in all of these", "", failed, 0, is_limit=True)
    return [*(verdict for measure in measures for verdict in measure.verdicts), nothing]


def figures(series: Series) -> list[str]:
    """Return what was measured of a series, as `FIGURES` names it."""
    times = [f"{series.milliseconds(percent):.2f}" for percent in PERCENTS]
    cpu = [_number(series.cpu(whose), ".2f") for whose in ("web", "database", "generator")]
    rate = f"{series.rate:,.0f}" if series.rate >= 100 else f"{series.rate:.1f}"
    return [rate, *times, str(series.failed), _number(series.again, "d"), *cpu]


def compared(verdict: Verdict) -> list[str]:
    """Return the ratio, the target and whether that is reached."""
    ratio = f"{verdict.ratio:.2f}" if verdict.target else f"{verdict.ratio:.0f}"
    return [ratio, verdict.wanted, "met" if verdict.is_met else "not met"]


def _series_lines(series: Series) -> list[str]:
    """Return the figures, and of what failed one answer, without which nobody could look for the cause."""
    refusals = [refusal for turn in series.turns for refusal in turn.refusals]
    figures_line = f"  {series.name:<{_NAME - 2}}{_aligned(figures(series))}"
    return [figures_line, *(f"    answered: {refusal[:80]}" for refusal in refusals[:1])]


def _verdict_lines(measures: Sequence[Measure]) -> list[str]:
    head = f"{'measure':<{_MEASURE}}{'beside':<{_BESIDE}}{'ratio':>8}{'to reach':>9}"
    return [head, *(_verdict_line(verdict) for verdict in verdicts(measures))]


def _verdict_line(verdict: Verdict) -> str:
    ratio, wanted, met = compared(verdict)
    return f"{verdict.measure:<{_MEASURE}}{verdict.beside:<{_BESIDE}}{ratio:>8}{wanted:>9}  {met}"


def _aligned(cells: Sequence[str]) -> str:
    return "".join(f"{cell:>{width}}" for cell, width in zip(cells, _WIDTHS, strict=True))


def _number(value: float | None, form: str) -> str:
    return "" if value is None else format(value, form)
