"""Several processes pay through the service while another freezes and thaws one account: nothing is lost or left open.

First everybody pays everybody alike, then some accounts are much more popular than others (Zipf), at last all pay one.
"""

import json
import random
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import pytest
from pymongo.database import Database

from ledger.records import Account
from ledger.rules import INSUFFICIENT_FUNDS, RECEIVER_NOT_ACTIVE, SENDER_NOT_ACTIVE
from ledger.store import books
from tests.ledger.conftest import Opener, balance, books_are_right
from tests.ledger.stress import HOT, UNIFORM, ZIPF, Story
from tests.servers import ROOT

PROCESSES = 3
THREADS = 4
ACCOUNTS = 16
OPENING = 100
SECONDS = 4

pytestmark = pytest.mark.timeout(120)


@contextmanager
def told_on_failure(seed: int) -> Iterator[None]:
    """Name the seed in whatever goes wrong, so that it can be repeated."""
    try:
        yield
    except AssertionError as error:
        error.add_note(f"the seed was {seed}")
        raise


class Stress:
    """The processes of the stress test, which begin together."""

    def __init__(self, database: str, accounts: list[Account], seed: int) -> None:
        orders = {"database": database, "accounts": [str(account.id) for account in accounts], "seed": seed}
        orders |= {"seconds": SECONDS}
        payers = [{"work": "pay", "threads": THREADS, "number": number} for number in range(PROCESSES)]
        self._orders = [{**orders, **one} for one in [*payers, {"work": "freeze", "threads": 1, "number": PROCESSES}]]
        self._processes: list[subprocess.Popen[str]] = []

    def run(self) -> Story:
        """Run all processes to their end and return what they saw together."""
        try:
            for orders in self._orders:
                self._processes.append(self._start(orders))
            for process in self._processes:
                assert process.stdout is not None
                assert process.stdout.readline() == "ready\n"
            return self._together()
        finally:
            for process in self._processes:
                process.kill()
                process.communicate()

    @staticmethod
    def _start(orders: dict[str, Any]) -> subprocess.Popen[str]:
        command = [sys.executable, "-m", "tests.ledger.stress"]
        process = subprocess.Popen(command, cwd=ROOT, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
        assert process.stdin is not None
        process.stdin.write(json.dumps(orders) + "\n")
        process.stdin.flush()
        return process

    def _together(self) -> Story:
        for process in self._processes:
            assert process.stdin is not None
            process.stdin.write("go\n")
            process.stdin.flush()
        story = Story()
        for process in self._processes:
            answer, _ = process.communicate()
            assert process.returncode == 0
            story.add(json.loads(answer))
        return story


def test_load_of_every_kind_from_several_processes_leaves_the_books_right(
    ledger_db: Database[dict[str, Any]], open_account: Opener
) -> None:
    seed = random.SystemRandom().randrange(2**32)
    accounts = [open_account(OPENING) for _ in range(ACCOUNTS)]
    with told_on_failure(seed):
        story = Stress(ledger_db.name, accounts, seed).run()
        every_request_had_an_answer(story)
        what_was_acknowledged_is_there(story, accounts)
        books_are_right()


def every_request_had_an_answer(story: Story) -> None:
    """Each was done, or refused for a reason of business; and there was really something to do."""
    assert story.unexpected == []
    assert set(story.refused) == {INSUFFICIENT_FUNDS, SENDER_NOT_ACTIVE, RECEIVER_NOT_ACTIVE}
    assert min(story.done[part] for part in (UNIFORM, ZIPF, HOT)) > PROCESSES * THREADS
    assert story.done["account_freeze"] == story.done["account_unfreeze"] > 1


def what_was_acknowledged_is_there(story: Story, accounts: list[Account]) -> None:
    """Every balance is what this account was told; each transfer is recorded once, each refusal once."""
    for account in accounts:
        name = str(account.id)
        assert balance(account) == account.balance_minor + story.credited[name] - story.debited[name]
    sent = {"type": "TRANSFER"}
    transfers = sum(story.done[part] for part in (UNIFORM, ZIPF, HOT))
    assert books().transactions.count_documents({**sent, "status": "COMPLETED"}) == transfers
    assert books().transactions.count_documents({**sent, "status": "FAILED"}) == sum(story.refused.values())
