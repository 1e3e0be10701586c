"""The processes of a machine post in turns: nobody twice while another waits, and one that is stuck stops nobody."""

import contextlib
import errno
import multiprocessing
import os
import resource
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from multiprocessing.synchronize import Barrier
from pathlib import Path

import pytest

from ledger import turns
from ledger.committer import Committer
from ledger.rules import Outcome
from ledger.turns import Turns, turns_of_this_machine
from tests.ledger.conftest import Opener, balance
from tests.ledger.test_committer import order

_HOLD = """
import os, sys
from ledger.turns import Turns
place = Turns(*(os.open(path, os.O_RDWR) for path in sys.argv[1:]))
with place.take():
    print("held", flush=True)
    sys.stdin.read()
"""


@contextlib.contextmanager
def other_process_turn() -> Iterator[None]:
    """Let another process have the turn meanwhile."""
    place = turns_of_this_machine()
    assert isinstance(place, Turns)
    paths = [str(Path(f"/proc/self/fd/{lock}").resolve()) for lock in (place._counter, place._waiting_place)]
    with subprocess.Popen(
        [sys.executable, "-c", _HOLD, *paths], stdin=subprocess.PIPE, stdout=subprocess.PIPE
    ) as process:
        assert process.stdout is not None
        assert process.stdout.readline() == b"held\n"
        yield
        assert process.stdin is not None
        process.stdin.close()


def test_a_process_that_keeps_its_turn_too_long_stops_nobody(open_account: Opener) -> None:
    one, two = open_account(100), open_account()
    with other_process_turn():
        began = time.monotonic()
        assert isinstance(Committer().submit(order(one, two, "b")), Outcome)
        assert turns.COURTESY_SECONDS <= time.monotonic() - began < 5
    began = time.monotonic()
    assert isinstance(Committer().submit(order(one, two, "c")), Outcome)
    assert balance(two) == 200


def test_a_machine_without_a_place_for_the_turn_goes_on(open_account: Opener, monkeypatch: pytest.MonkeyPatch) -> None:
    one, two = open_account(100), open_account()
    monkeypatch.setattr(turns, "_turns", {})
    monkeypatch.setattr("tempfile.gettempdir", lambda: "/nonexistent")
    assert isinstance(Committer().submit(order(one, two, "a")), Outcome)


@pytest.mark.parametrize("step", ["_wait", "_sign", "_last"])
def test_a_lock_that_fails_holds_up_nobody(open_account: Opener, monkeypatch: pytest.MonkeyPatch, step: str) -> None:
    one, two = open_account(100), open_account()

    def full(place: Turns) -> bool:
        raise OSError(errno.ENOSPC, "No space left on device")

    group = Committer()
    with monkeypatch.context() as broken:
        broken.setattr(Turns, step, full)
        for number in range(3):
            assert isinstance(group.submit(order(one, two, f"broken {number}")), Outcome)
    assert isinstance(group.submit(order(one, two, "mended")), Outcome)
    assert balance(two) == 400


def test_a_file_that_cannot_grow_holds_up_nobody(open_account: Opener, tmp_path: Path) -> None:
    one, two = open_account(100), open_account()
    group, before = Committer(), resource.getrlimit(resource.RLIMIT_FSIZE)
    handler = signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
    try:
        resource.setrlimit(resource.RLIMIT_FSIZE, (0, before[1]))
        assert isinstance(group.submit(order(one, two, "full")), Outcome)
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, before)
        signal.signal(signal.SIGXFSZ, handler)
    assert isinstance(group.submit(order(one, two, "room again")), Outcome)


def test_the_last_holder_knows_that_nobody_came_between(tmp_path: Path) -> None:
    one, two = _place(tmp_path), _place(tmp_path)
    seen = []
    for place in (one, one, two, two, one):
        with place.take() as again:
            seen.append(again)
    assert seen == [False, True, False, True, False]


def test_greedy_processes_get_their_turns_evenly(tmp_path: Path) -> None:
    """Each wants the next turn as soon as its own is over; none gets much more than its share, or waits for long."""
    context, count = multiprocessing.get_context("spawn"), 4
    gate, results = context.Barrier(count), context.SimpleQueue()
    workers = [context.Process(target=_greedy, args=(str(tmp_path), gate, results)) for _ in range(count)]
    for worker in workers:
        worker.start()
    found = [results.get() for _ in workers]
    for worker in workers:
        worker.join()
    taken = sorted(held for held, _ in found)
    assert sum(missed for _, missed in found) == 0
    assert taken[-1] <= 2 * taken[0]


def _place(folder: Path) -> Turns:
    return Turns(*(os.open(folder / name, os.O_RDWR | os.O_CREAT, 0o600) for name in ("turn", "wait")))


def _greedy(folder: str, gate: Barrier, results: "multiprocessing.SimpleQueue[tuple[int, int]]") -> None:
    place, held, missed = _place(Path(folder)), 0, 0
    gate.wait()
    ends = time.monotonic() + 2
    while time.monotonic() < ends:
        with place.take():
            is_mine = place._last() == place._signature
            held, missed = held + is_mine, missed + (not is_mine)
            time.sleep(0.005)
    results.put((held, missed))
