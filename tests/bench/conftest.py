"""Figures as the bench makes them, small enough to reckon by hand."""

from banking.bench.series import Measure, Series, Turn, Verdict


def series(name: str, *, milliseconds: list[int], seconds: float = 1, each: int = 1, failed: int = 0) -> Series:
    """One turn with these times."""
    times = [time * 1_000 for time in milliseconds]
    cpu: dict[str, float | None] = {"web": 0.5, "database": None, "generator": 0.001}
    turn = Turn(seconds, len(times), times, len(times) - failed, failed, again=2, cpu=cpu)
    return Series(name, [turn], each=each)


def whole_bench() -> list[Measure]:
    """What the whole bench gives: five measures, one of which could not be made."""
    bare, one = series("bare PyMongo", milliseconds=[2] * 10), series("1 client", milliseconds=[4] * 5)
    many = series("64 clients, random pairs", milliseconds=[100, 200])
    missing = Measure("1,000 in one request", notes=["not there: not measured"])
    small, large = series("balance", milliseconds=[2]), series("balance", milliseconds=[3])
    return [
        Measure("One", [bare, one], [Verdict("1 client: rate", "bare PyMongo", 0.5, 0.8)]),
        Measure("Many", [many]),
        missing,
        Measure("Small", [small], subject="10"),
        Measure("Large", [large], [Verdict("balance: p50", "10 entries", 1.2, 1.3, is_limit=True)], subject="1,000"),
    ]
