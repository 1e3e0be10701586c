"""Which order explains what was answered to requests that came at once, or whose process was killed.

Every order is tried, and given up as soon as one of its answers differs from the one that was given. A request without
an answer may have been done or not; a request under the key of one that failed just now may share that failure.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from tests.simulation.model import Model, Order


@dataclass(frozen=True)
class Change:
    """A change of an account's state that is asked for."""

    account: str
    what: str


Request = Order | Change
UNKNOWN = "unknown"


def explained(
    model: Model, requests: Sequence[Request], answers: Sequence[str], fits: Callable[[Model], bool]
) -> Model | None:
    """Return the model after an order of the requests that explains the answers and fits what is there, or None."""
    return _search(model, requests, answers, tuple(range(len(requests))), frozenset(), fits)


def _search(
    model: Model,
    requests: Sequence[Request],
    answers: Sequence[str],
    rest: tuple[int, ...],
    failed: frozenset[tuple[str, str]],
    fits: Callable[[Model], bool],
) -> Model | None:
    if not rest:
        return model if fits(model) else None
    for number in rest:
        others = tuple(other for other in rest if other != number)
        for answer, after, failed_after in _outcomes(model, requests[number], failed):
            if answers[number] in (answer, UNKNOWN):
                found = _search(after, requests, answers, others, failed_after, fits)
                if found is not None:
                    return found
        if answers[number] == UNKNOWN:
            found = _search(model, requests, answers, others, failed, fits)
            if found is not None:
                return found
    return None


def _outcomes(
    model: Model, request: Request, failed: frozenset[tuple[str, str]]
) -> list[tuple[str, Model, frozenset[tuple[str, str]]]]:
    """Return what may become of a request now: one thing, or two when it may share a failure."""
    if isinstance(request, Change):
        after = model.copy()
        return [(after.change(request.account, request.what), after, failed)]
    found = []
    name = (request.payer, request.key)
    for shares in (False, True) if name in failed else (False,):
        after = model.copy()
        answer = after.pay(request, shares=shares)
        known = after.payments.get(name)
        is_failed = known is not None and known.status == "FAILED"
        found.append((answer, after, failed | {name} if is_failed else failed))
    return found
