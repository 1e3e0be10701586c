"""What a process remembers of accounts saves a round trip, and is never believed against the database."""

from typing import Any

import pytest
from bson.int64 import Int64
from pymongo.database import Database

from ledger import commands
from ledger.accounts import account_freeze, account_unfreeze
from ledger.committer import Committer
from ledger.errors import TransferRefused
from ledger.memory import Memory
from ledger.posting import post
from ledger.records import Account
from ledger.rules import SENDER_NOT_ACTIVE, Outcome
from ledger.store import books
from tests.ledger.conftest import ORIGIN, Opener, balance, books_are_right
from tests.ledger.test_committer import order
from tests.ledger.test_turns import other_process_turn


@pytest.fixture
def reads(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """The collections that postings read, in order."""
    found: list[str] = []
    real = commands.find

    def find(in_: Any, *arguments: Any) -> Any:
        found.append(in_.name)
        return real(in_, *arguments)

    monkeypatch.setattr(commands, "find", find)
    return found


def executed(group: Committer, one: Account, two: Account, key: str, minor: int = 100) -> None:
    answer = group.submit(order(one, two, key, minor))
    assert isinstance(answer, Outcome), answer


def test_the_second_transfer_reads_nothing(open_account: Opener, reads: list[str]) -> None:
    one, two = open_account(100), open_account()
    group = Committer()
    reads.clear()
    for number in range(5):
        executed(group, one, two, f"k{number}")
    assert reads == ["ledger_accounts"]
    assert balance(two) == 500
    books_are_right()


def test_what_changed_meanwhile_is_read_again(open_account: Opener, reads: list[str]) -> None:
    one, two = open_account(100), open_account()
    group, elsewhere = Committer(), Memory()
    executed(group, one, two, "a")
    reads.clear()
    post([order(one, two, "b")], memory=elsewhere)
    executed(group, one, two, "c")
    assert reads == ["ledger_accounts", "ledger_accounts"]
    assert (balance(one), balance(two)) == (9_700, 300)
    books_are_right()


def test_a_freeze_is_seen_at_once(open_account: Opener) -> None:
    one, two = open_account(100), open_account()
    group = Committer()
    executed(group, one, two, "a")
    account_freeze(account_id=one.id, reason="", origin=ORIGIN)
    refusal = group.submit(order(one, two, "b"))
    assert isinstance(refusal, TransferRefused)
    assert refusal.transaction.failure_reason == SENDER_NOT_ACTIVE
    account_unfreeze(account_id=one.id, reason="", origin=ORIGIN)
    executed(group, one, two, "b")
    books_are_right()


def test_nobody_is_refused_for_what_is_remembered(open_account: Opener) -> None:
    one, two = open_account(1), open_account(100)
    group = Committer()
    executed(group, one, two, "all of it")
    post([order(two, one, "money comes from elsewhere", 5_000)])
    executed(group, one, two, "b", 4_000)
    books_are_right()


def test_a_key_that_was_used_answers_its_first_result(open_account: Opener, reads: list[str]) -> None:
    one, two = open_account(100), open_account()
    group = Committer()
    executed(group, one, two, "a")
    answer = group.submit(order(one, two, "a"))
    assert isinstance(answer, Outcome)
    assert answer.replayed
    assert balance(two) == 100
    executed(group, one, two, "b")
    books_are_right()


def test_a_balance_bent_from_outside_is_not_overwritten(
    open_account: Opener, bank_db: Database[dict[str, Any]]
) -> None:
    """Without a new version: the guard names balance and number as well."""
    one, two = open_account(100), open_account()
    group = Committer()
    executed(group, one, two, "a")
    books().accounts.update_one({"_id": two.id}, {"$inc": {"balance_minor": Int64(7)}})
    executed(group, one, two, "b")
    assert balance(two) == 207
    entry = books().entries.find_one({"account": two.id, "seq": 2})
    assert entry is not None
    assert entry["balance_after_minor"] == 207


def test_another_process_that_posts_ends_the_memory(open_account: Opener, reads: list[str]) -> None:
    one, two = open_account(100), open_account()
    group = Committer()
    executed(group, one, two, "a")
    executed(group, one, two, "b")
    with other_process_turn():
        pass
    reads.clear()
    executed(group, one, two, "c")
    executed(group, one, two, "d")
    assert reads == ["ledger_accounts"]


def test_memory_is_bounded(open_account: Opener, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("ledger.memory._MOST", 3)
    memory = Memory()
    ids = [open_account().id for _ in range(4)]
    for account in ids:
        memory.keep({account: {"_id": account}})
    assert memory.recall(ids[:1]) is None
    assert memory.recall(ids[3:]) == {ids[3]: {"_id": ids[3]}}
