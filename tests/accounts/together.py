"""Doing one thing many times at the same moment."""

import threading
from collections import Counter
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor


def outcomes_together(times: int, action: Callable[[int], object]) -> Counter[str]:
    """Run an action in that many threads, all released at once, and count what came of it.

    Args:
        times: threads; each calls the action once, with its number from 0.
        action: an exception counts under its class's name, anything else as `ok`.
    """
    start = threading.Barrier(times)

    def run(number: int) -> str:
        start.wait(timeout=30)
        try:
            action(number)
        except Exception as error:
            return type(error).__name__
        return "ok"

    with ThreadPoolExecutor(times) as pool:
        return Counter(pool.map(run, range(times)))
