"""The figures as text, for a terminal of 100 columns."""

from banking.bench.series import PERCENTS, Measure, Row, Series, Verdict

_NAME = 31
_HEAD = (
    f"{'':<{_NAME}}{'per s':>9}{'p50':>8}{'p95':>8}{'p99':>8}{'failed':>7}{'again':>6}{'web':>7}{'db':>7}{'load':>7}"
)
LEGEND = (
    "p50, p95, p99: milliseconds. again: database transactions that were aborted and run again.",
    "web, db, load: CPU seconds of server, database and load generator for 1,000 requests.",
)


def text_table(measures: list[Measure]) -> str:
    """Return the table of all measures, each followed by how it compares."""
    lines = [_HEAD]
    for measure in measures:
        lines += ["", measure.title, *(line for row in measure.rows for line in _lines(row))]
        lines += [f"  {note}" for note in measure.notes]
    return "\n".join([*lines, "", *LEGEND])


def _lines(row: Row) -> list[str]:
    return [_figures(row.series), *(f"    → {sentence(verdict)}" for verdict in row.verdicts)]


def _figures(series: Series) -> str:
    times = "".join(f"{series.milliseconds(percent):>8.2f}" for percent in PERCENTS)
    cpu = "".join(f"{_number(series.cpu(whose), '.2f'):>7}" for whose in ("web", "database", "generator"))
    again = _number(series.again, "d")
    return f"  {series.name:<{_NAME - 2}}{rate_text(series.rate):>9}{times}{series.failed:>7}{again:>6}{cpu}"


def rate_text(rate: float) -> str:
    """Return a rate as people write it, with a decimal when it is small."""
    return f"{rate:,.0f}" if rate >= 100 else f"{rate:.1f}"


def sentence(verdict: Verdict) -> str:
    """Return how a measure compares and whether that reaches the target."""
    figure = f"{verdict.ratio:.2f}" if verdict.target else f"{verdict.ratio:.0f}"
    return f"{figure} {verdict.says}; to reach {verdict.wanted}: {'met' if verdict.is_met else 'not met'}"


def _number(value: float | None, form: str) -> str:
    return "" if value is None else format(value, form)
