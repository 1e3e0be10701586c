"""Short turns, one after the other: the machine's speed drifts, so only what ran side by side is compared."""

from collections.abc import Callable, Mapping

from banking.bench.series import Series, Turn, Verdict

Progress = Callable[[str], None]


def in_turns(title: str, rounds: int, ways: Mapping[str, Callable[[], Turn]], progress: Progress) -> dict[str, Series]:
    """Give each way as many turns as there are rounds, and return what was measured by the ways' names."""
    found = {name: Series(name) for name in ways}
    for number in range(1, rounds + 1):
        progress(f"{title}: round {number} of {rounds}")
        for name, way in ways.items():
            found[name].turns.append(way())
    return found


def rates_compared(found: dict[str, Series], measure: str, beside: str, target: float) -> Verdict:
    """Compare two rates; at least the target is wanted."""
    return Verdict(f"{measure}: rate", beside, found[measure].rate / found[beside].rate, target)
