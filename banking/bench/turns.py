"""Short turns, one after the other: the machine's speed drifts, so only what ran side by side is compared."""

from collections.abc import Callable, Collection, Mapping

from banking.bench.series import Series, Turn, Verdict

Progress = Callable[[str], None]


def in_turns(
    title: str,
    rounds: int,
    ways: Mapping[str, Callable[[], Turn]],
    progress: Progress,
    *,
    references: Collection[str] = (),
) -> dict[str, Series]:
    """Give each way as many turns as there are rounds.

    Args:
        title: what is told to `progress`.
        rounds: how many turns each way has.
        ways: how one turn is made, by the name of its series.
        progress: told in one line what is being done.
        references: names of the ways that are no measure of the bank itself.

    Returns:
        What was measured, by the ways' names.
    """
    found = {name: Series(name, is_reference=name in references) for name in ways}
    for number in range(1, rounds + 1):
        progress(f"{title}: round {number} of {rounds}")
        for name, way in ways.items():
            found[name].turns.append(way())
    return found


def rates_compared(found: dict[str, Series], measure: str, beside: str, target: float) -> Verdict:
    """Compare two rates; at least the target is wanted."""
    return Verdict(f"{measure}: rate", beside, found[measure].rate / found[beside].rate, target)
