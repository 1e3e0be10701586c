"""Group commit: who comes at the same time shares a transaction, and nobody pays for a neighbour."""

import contextlib
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest
from structlog.contextvars import bound_contextvars

from ledger import committer, posting
from ledger.committer import Committer
from ledger.errors import TryAgain
from ledger.records import Account
from ledger.rules import Answer, Instruction, Outcome
from tests.ledger.conftest import ORIGIN, Opener, balance, books_are_right


def order(sender: Account, receiver: Account, key: str, minor: int = 100) -> Instruction:
    return Instruction(sender.id, receiver.id, minor, "INR", "TRANSFER", "", key, sender.owner, ORIGIN)


class Gate:
    """Stands in front of the real `post`: remembers the groups, and can hold the first one back."""

    def __init__(self) -> None:
        self.groups: list[list[str]] = []
        self.entered = threading.Event()
        self.open = threading.Event()
        self.before: Callable[[Sequence[Instruction]], None] = lambda batch: None

    def post(self, batch: Sequence[Instruction], **options: Any) -> list[Answer]:
        self.groups.append([instruction.key for instruction in batch])
        self.entered.set()
        assert self.open.wait(20)
        self.before(batch)
        return posting.post(batch, **options)


@pytest.fixture
def gate(monkeypatch: pytest.MonkeyPatch) -> Gate:
    found = Gate()
    monkeypatch.setattr(committer, "post", found.post)
    return found


def submit_behind(gate: Gate, first: Instruction, rest: list[Instruction], **options: Any) -> list[Any]:
    """Submit the first, and all others while it is being posted; return the answers in order."""
    group = Committer()

    def answer(instruction: Instruction) -> Any:
        try:
            with bound_contextvars(request_id=instruction.origin.request_id):
                return group.submit(instruction, **options)
        except Exception as error:
            return error

    with ThreadPoolExecutor(len(rest) + 1) as pool:
        futures = [pool.submit(answer, first)]
        assert gate.entered.wait(10)
        for number, instruction in enumerate(rest, start=1):
            futures.append(pool.submit(answer, instruction))
            while len(group._waiting) < number and not futures[-1].done():
                time.sleep(0.001)
        time.sleep(options.get("deadline_seconds", 0))
        gate.open.set()
        return [future.result() for future in futures]


@pytest.fixture
def pair(open_account: Opener, gate: Gate) -> tuple[Account, Account]:
    """A payer with 100 and a payee, and a gate that is closed."""
    gate.open.set()
    accounts = open_account(100), open_account()
    gate.open.clear()
    gate.entered.clear()
    gate.groups.clear()
    return accounts


def test_who_comes_while_a_group_is_posted_shares_the_next_one(pair: tuple[Account, Account], gate: Gate) -> None:
    one, two = pair
    answers = submit_behind(gate, order(one, two, "a"), [order(one, two, key) for key in "bcdefg"])
    assert gate.groups == [["a"], ["b", "c", "d", "e", "f", "g"]]
    assert all(isinstance(answer, Outcome) and not answer.replayed for answer in answers)
    assert balance(two) == 700
    books_are_right()


def test_a_refused_neighbour_hurts_nobody(pair: tuple[Account, Account], gate: Gate) -> None:
    one, two = pair
    answers = submit_behind(
        gate, order(one, two, "a"), [order(one, two, "b", 10**9), order(one, two, "c"), order(one, two, "a", 5)]
    )
    assert [type(answer).__name__ for answer in answers] == [
        "Outcome",
        "TransferRefused",
        "Outcome",
        "IdempotencyKeyReused",
    ]
    assert balance(two) == 200
    books_are_right()


def test_one_that_breaks_the_group_breaks_alone(pair: tuple[Account, Account], gate: Gate) -> None:
    one, two = pair

    def refuse(batch: Sequence[Instruction]) -> None:
        if any(instruction.key == "poison" for instruction in batch):
            raise ZeroDivisionError("a bug")

    gate.before = refuse
    answers = submit_behind(gate, order(one, two, "a"), [order(one, two, key) for key in ("b", "poison", "c")])
    assert [type(answer).__name__ for answer in answers] == ["Outcome", "Outcome", "ZeroDivisionError", "Outcome"]
    assert gate.groups == [["a"], ["b", "poison", "c"], ["b"], ["poison"], ["c"]]
    assert balance(two) == 300
    books_are_right()


def test_who_waits_past_the_deadline_is_told_so_and_never_executed(pair: tuple[Account, Account], gate: Gate) -> None:
    one, two = pair
    answers = submit_behind(gate, order(one, two, "a"), [order(one, two, "b")], deadline_seconds=0.4)
    assert isinstance(answers[1], TryAgain)
    assert all("b" not in group for group in gate.groups)
    assert balance(two) in (0, 100)
    assert isinstance(committer.submit(order(one, two, "b")), Outcome)
    books_are_right()


def test_the_queue_is_bounded(pair: tuple[Account, Account], gate: Gate, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(committer, "MAX_WAITING", 2)
    one, two = pair
    answers = submit_behind(gate, order(one, two, "a"), [order(one, two, key) for key in "bcde"])
    assert [isinstance(answer, TryAgain) for answer in answers] == [False, False, False, True, True]
    assert balance(two) == 300


def test_a_group_is_bounded(pair: tuple[Account, Account], gate: Gate, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(committer, "MAX_GROUP", 2)
    one, two = pair
    submit_behind(gate, order(one, two, "a"), [order(one, two, key) for key in "bcdef"])
    assert gate.groups == [["a"], ["b", "c"], ["d", "e"], ["f"]]


def test_a_bulk_enters_a_group_as_one_and_answers_in_order(pair: tuple[Account, Account], gate: Gate) -> None:
    one, two = pair
    group = Committer()
    bulk = [order(one, two, "b"), order(one, two, "c", 10**9), order(one, two, "b"), order(one, one, "d")]
    with ThreadPoolExecutor(3) as pool:
        first = pool.submit(group.submit, order(one, two, "a"))
        assert gate.entered.wait(10)
        second = pool.submit(group.submit_together, bulk)
        while len(group._waiting) < 1:
            time.sleep(0.001)
        third = pool.submit(group.submit, order(one, two, "e"))
        while len(group._waiting) < 2:
            time.sleep(0.001)
        gate.open.set()
        answers = second.result()
        assert isinstance(first.result(), Outcome)
        assert isinstance(third.result(), Outcome)
    assert gate.groups == [["a"], ["b", "c", "b", "d", "e"]]
    assert [type(answer).__name__ for answer in answers] == ["Outcome", "TransferRefused", "Outcome", "SameAccount"]
    assert balance(two) == 300
    books_are_right()


def test_one_that_breaks_a_bulk_breaks_alone(pair: tuple[Account, Account], gate: Gate) -> None:
    one, two = pair
    gate.open.set()

    def refuse(batch: Sequence[Instruction]) -> None:
        if any(instruction.key == "poison" for instruction in batch):
            raise ZeroDivisionError("a bug")

    gate.before = refuse
    with pytest.raises(ZeroDivisionError):
        Committer().submit_together([order(one, two, key) for key in ("a", "poison", "b")])
    assert balance(two) == 200
    books_are_right()


def test_a_bulk_is_no_larger_than_a_group(pair: tuple[Account, Account]) -> None:
    one, two = pair
    for size in (0, committer.MAX_GROUP + 1):
        with pytest.raises(ValueError, match="go together"):
            Committer().submit_together([order(one, two, f"k{number}") for number in range(size)])


def test_the_lead_is_handed_on_when_the_leader_is_torn_away(pair: tuple[Account, Account], gate: Gate) -> None:
    one, two = pair

    def tear(batch: Sequence[Instruction]) -> None:
        if batch[0].key == "a":
            raise SystemExit

    gate.before = tear
    group = Committer()

    def torn() -> None:
        with contextlib.suppress(SystemExit):
            group.submit(order(one, two, "a"))

    first = threading.Thread(target=torn)
    first.start()
    assert gate.entered.wait(10)
    with ThreadPoolExecutor(1) as pool:
        second = pool.submit(group.submit, order(one, two, "b"))
        while not group._waiting:
            time.sleep(0.001)
        gate.open.set()
        assert isinstance(second.result(timeout=10), Outcome)
    first.join()
    assert isinstance(group.submit(order(one, two, "c")), Outcome)
    assert balance(two) == 200


def test_what_fails_before_the_group_is_taken_fails_alone(
    pair: tuple[Account, Account], gate: Gate, monkeypatch: pytest.MonkeyPatch
) -> None:
    gate.open.set()
    one, two = pair
    group = Committer()
    with monkeypatch.context() as broken:
        broken.setattr(committer, "turns_of_this_machine", lambda: 1 / 0)
        with pytest.raises(ZeroDivisionError):
            group.submit(order(one, two, "a"))
    assert isinstance(group.submit(order(one, two, "b")), Outcome)
    assert balance(two) == 100


def test_who_has_little_time_left_does_not_take_that_of_others(pair: tuple[Account, Account], gate: Gate) -> None:
    one, two = pair
    gate.before = lambda batch: time.sleep(0.6 if len(batch) > 1 else 0)
    group = Committer()
    with ThreadPoolExecutor(3) as pool:
        first = pool.submit(group.submit, order(one, two, "first"))
        assert gate.entered.wait(10)
        hurried = pool.submit(group.submit, order(one, two, "hurried"), deadline_seconds=0.4)
        patient = pool.submit(group.submit, order(one, two, "patient"))
        while len(group._waiting) < 2:
            time.sleep(0.001)
        gate.open.set()
        answers = [found.result() for found in (first, hurried, patient)]
    assert gate.groups == [["first"], ["hurried", "patient"]]
    assert isinstance(answers[2], Outcome)
    assert isinstance(group.submit(order(one, two, "hurried")), Outcome)
    assert balance(two) == 300


def test_a_forked_child_waits_for_nobody() -> None:
    script = """
import os, threading
import django
django.setup()
from ledger import committer, turns
committer._committer._is_led = True  # as if a thread of the parent were leading
turns._turns["x"] = 0
child = os.fork()
if child == 0:
    os._exit(0 if not committer._committer._is_led and not turns._turns else 1)
raise SystemExit(os.waitpid(child, 0)[1])
"""
    assert subprocess.run([sys.executable, "-c", script], check=False, timeout=60).returncode == 0
