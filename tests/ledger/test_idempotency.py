"""The table of keys and retries, row by row."""

from typing import Any

import pytest
from bson.int64 import Int64
from bson.objectid import ObjectId

from ledger import rules, stats
from ledger.accounts import account_freeze
from ledger.audit import Origin
from ledger.errors import (
    AccountNotFound,
    IdempotencyKeyReused,
    RequestInvalid,
    RetryLimitExceeded,
    SameAccount,
    TransactionInProgress,
    TransferRefused,
)
from ledger.history import transaction_by_key
from ledger.posting import post
from ledger.records import Account
from ledger.rules import Instruction, Outcome
from ledger.stats import SHARD_IDS, SHARDS
from ledger.store import books
from ledger.transfers import funding_execute, transfer_execute
from tests.ledger.conftest import ORIGIN, Opener, attempt, balance, books_are_right, send


def test_a_new_key_is_executed(open_account: Opener) -> None:
    one, two = open_account(100), open_account()
    outcome = send(one, two, "33.33", "k")
    assert not outcome.replayed
    assert outcome.transaction.status == "COMPLETED"
    assert outcome.transaction.sender_balance_minor == 6667
    assert (balance(one), balance(two)) == (6667, 3333)
    books_are_right()


def test_a_completed_key_gives_its_first_answer_again(open_account: Opener) -> None:
    one, two = open_account(100), open_account()
    first = send(one, two, 10, "k")
    send(one, two, 20, "other")
    again = send(one, two, 10, "k")
    assert again.replayed
    assert again.transaction == first.transaction
    assert balance(one) == 7000


def test_the_first_answer_stays_when_the_account_is_frozen_since(open_account: Opener) -> None:
    one, two = open_account(100), open_account()
    first = send(one, two, 100, "k")
    books().accounts.update_one({"_id": one.id}, {"$set": {"status": "FROZEN"}})
    assert send(one, two, 100, "k").transaction == first.transaction


def test_a_key_with_another_request_is_refused_in_any_state(open_account: Opener) -> None:
    one, two, three = open_account(100), open_account(), open_account()
    send(one, two, 10, "done", note="a")
    attempt(one, two, 1000, "failed")
    for other in (
        attempt(one, two, 11, "done", note="a"),
        attempt(one, three, 10, "done", note="a"),
        attempt(one, two, 10, "done", note="b"),
        attempt(one, two, 10, "done", note="a", type="PIX"),
        attempt(one, two, 999, "failed"),
    ):
        assert isinstance(other, IdempotencyKeyReused)
    assert balance(one) == 9000
    assert transaction_by_key(account=one, key="failed").retry_count == 1


def test_an_unfinished_key_is_in_progress(open_account: Opener) -> None:
    one, two = open_account(100), open_account()
    send(one, two, 10, "k")
    books().transactions.update_one({"key": "k"}, {"$set": {"status": "PENDING", "completed_at": None}})
    answer = attempt(one, two, 10, "k")
    assert isinstance(answer, TransactionInProgress)
    assert answer.transaction.status == "PENDING"
    assert balance(one) == 9000


def test_a_failed_key_is_executed_again_and_keeps_its_count(open_account: Opener) -> None:
    one, two = open_account(10), open_account()
    refused = attempt(one, two, 50, "k")
    assert isinstance(refused, TransferRefused)
    assert refused.transaction.failure_reason == rules.INSUFFICIENT_FUNDS
    assert refused.transaction.retry_count == 1
    funding_execute(receiver=one.id, amount=100, key="more", origin=ORIGIN)
    outcome = send(one, two, 50, "k")
    assert not outcome.replayed
    assert outcome.transaction.id == refused.transaction.id
    assert (outcome.transaction.failure_reason, outcome.transaction.retry_count) == (None, 1)
    assert balance(one) == 6000
    books_are_right()


def test_a_retry_succeeds_in_another_process_than_the_failure(
    open_account: Opener, monkeypatch: pytest.MonkeyPatch
) -> None:
    one, two = open_account(10), open_account(50)
    attempt(one, two, 30, "k")
    send(two, one, 40, "more")
    # Each process counts in a shard of its own.
    counted = {shard["_id"] for shard in books().accounts.find(SHARD_IDS) if shard["transactions"]}
    another = next(number for number in range(SHARDS) if number not in counted)
    monkeypatch.setattr(stats, "crc32", lambda _: another)
    assert send(one, two, 30, "k").transaction.status == "COMPLETED"
    assert stats.ledger_stats().failed == 0
    books_are_right()


def test_three_failures_are_final(open_account: Opener) -> None:
    one, two = open_account(10), open_account()
    counts = [attempt(one, two, 50, "k").transaction.retry_count for _ in range(3)]
    assert counts == [1, 2, 3]
    funding_execute(receiver=one.id, amount=100, key="more", origin=ORIGIN)
    final = attempt(one, two, 50, "k")
    assert isinstance(final, RetryLimitExceeded)
    assert final.transaction.retry_count == 3
    assert balance(two) == 0
    books_are_right()


def test_every_business_rule_is_recorded_with_its_reason(open_account: Opener) -> None:
    one, two, dollars = open_account(20_000), open_account(), open_account(5, "USD")
    books().accounts.update_one({"_id": two.id}, {"$set": {"status": "FROZEN"}})
    frozen = open_account(5)
    books().accounts.update_one({"_id": frozen.id}, {"$set": {"status": "FROZEN"}})
    reasons = [
        attempt(one, two, 1, "a"),
        attempt(frozen, one, 1, "b"),
        attempt(one, dollars, 1, "c"),
        attempt(one, ObjectId(), 1, "d"),
        attempt(one, open_account(), "10000.01", "e"),
        attempt(open_account(1), one, 2, "f"),
    ]
    assert [refusal.transaction.failure_reason for refusal in reasons] == [
        rules.RECEIVER_NOT_ACTIVE,
        rules.SENDER_NOT_ACTIVE,
        rules.CURRENCY_MISMATCH,
        rules.RECEIVER_NOT_FOUND,
        rules.LIMIT_EXCEEDED,
        rules.INSUFFICIENT_FUNDS,
    ]
    assert all(refusal.transaction.status == "FAILED" for refusal in reasons)
    assert books().entries.count_documents({"transaction": reasons[0].transaction.id}) == 0
    assert books().audit.count_documents({"action": "transfer.failed"}) == 6
    assert books().audit.count_documents({"event": "transaction.failed"}) == 6
    books_are_right()


def test_malformed_requests_are_not_recorded(open_account: Opener) -> None:
    one, two = open_account(100), open_account()
    before = books().transactions.count_documents({})
    assert isinstance(attempt(one, one, 1, "k"), SameAccount)
    for key in ("", "with space", "é", "x" * 129, "a\n"):
        assert isinstance(attempt(one, two, 1, key), RequestInvalid)
    for note in ("x" * 141, "a\x00b", "line\nbreak", "\ud800", "over\u202eride"):
        assert isinstance(attempt(one, two, 1, "k", note=note), RequestInvalid)
    assert isinstance(attempt(one, two, 1, "k", type="TED"), RequestInvalid)
    assert books().transactions.count_documents({}) == before


def test_a_stranger_asking_about_a_key_learns_nothing(open_account: Opener) -> None:
    one, two = open_account(100), open_account()
    send(one, two, 10, "k")
    before = books().transactions.count_documents({})
    for amount, key in ((10, "k"), (11, "k"), (10, "never")):
        stranger = attempt_as(ObjectId(), one, two, amount, key)
        assert isinstance(stranger, AccountNotFound)
    assert books().transactions.count_documents({}) == before


def attempt_as(owner: ObjectId, sender: Account, receiver: Account, amount: int, key: str) -> Any:
    try:
        return transfer_execute(
            sender=sender, receiver=receiver.id, amount=amount, key=key, owner=owner, origin=ORIGIN
        )
    except AccountNotFound as refusal:
        return refusal


def test_no_customer_operation_debits_the_system_account(open_account: Opener) -> None:
    one = open_account(100)
    system = books().accounts.find_one({"owner": None, "currency": "INR"})
    assert system is not None
    for kind, owner in (("TRANSFER", ObjectId()), ("TRANSFER", None), ("PIX", None)):
        instruction = Instruction(system["_id"], one.id, 100, "INR", kind, "", "k", owner, ORIGIN)
        (answer,) = post([instruction])
        assert isinstance(answer, AccountNotFound)
    funding_from_customer = Instruction(one.id, open_account().id, 100, "INR", "FUNDING", "", "k", one.owner, ORIGIN)
    assert isinstance(post([funding_from_customer])[0], AccountNotFound)
    assert balance(one) == 10_000


def instruction(sender: Account, receiver: Account, minor: int, key: str) -> Instruction:
    return Instruction(sender.id, receiver.id, minor, "INR", "TRANSFER", "", key, sender.owner, ORIGIN)


def test_a_refused_transfer_never_hurts_its_neighbours(open_account: Opener) -> None:
    one, two, three = open_account(100), open_account(), open_account()
    answers = post(
        [
            instruction(one, two, 6000, "a"),
            instruction(one, three, 6000, "b"),
            instruction(two, three, 6000, "c"),
            instruction(one, three, 4000, "d"),
            instruction(one, two, 6000, "a"),
            instruction(one, two, 1, "a"),
        ]
    )
    kinds = [Outcome, TransferRefused, Outcome, Outcome, Outcome, IdempotencyKeyReused]
    assert [type(answer) for answer in answers] == kinds
    replay = answers[4]
    assert isinstance(replay, Outcome)
    assert replay.replayed
    assert (balance(one), balance(two), balance(three)) == (0, 0, 10_000)
    books_are_right()


def test_a_key_twice_in_one_batch_shares_its_result(open_account: Opener) -> None:
    one, two = open_account(1), open_account()
    answers = post([instruction(one, two, 500, "k") for _ in range(5)])
    assert [type(answer) for answer in answers] == [TransferRefused] * 5
    assert transaction_by_key(account=one, key="k").retry_count == 1
    assert isinstance(attempt(one, two, 5, "k"), TransferRefused)
    assert transaction_by_key(account=one, key="k").retry_count == 2
    books_are_right()


def test_audit_and_event_commit_with_the_transfer(open_account: Opener) -> None:
    one, two = open_account(100), open_account()
    transaction = send(one, two, 10, "k").transaction
    record = books().audit.find_one({"subject": transaction.id})
    assert record is not None
    assert (record["action"], record["status"], record["actor"]) == ("transfer.completed", "SUCCESS", ORIGIN.actor)
    assert (record["event"], record["accounts"]) == ("transaction.completed", [one.id, two.id])
    assert record["details"]["seq"] == {str(one.id): Int64(2), str(two.id): Int64(1)}
    assert "k" not in record["details"].values()


def test_the_origin_is_written_down(open_account: Opener) -> None:
    one, two = open_account(100), open_account()
    origin = Origin(actor=one.owner, address="203.0.113.9", surface="browser")
    assert one.owner is not None
    transfer_execute(sender=one, receiver=two.id, amount=1, key="k", owner=one.owner, origin=origin)
    record = books().audit.find_one({"action": "transfer.completed"})
    assert record is not None
    assert (record["actor"], record["address"], record["surface"]) == (one.owner, "203.0.113.9", "browser")


def test_what_is_written_is_never_written_again(open_account: Opener) -> None:
    """I7: retries, freezes, replays and later transfers leave every entry and audit record as it was."""
    one, two = open_account(100), open_account()
    send(one, two, 10, "done")
    attempt(one, two, 500, "failed")
    before = {name: list(getattr(books(), name).find().sort("_id", 1)) for name in ("entries", "audit")}
    funding_execute(receiver=one.id, amount=1_000, key="more", origin=ORIGIN)
    send(one, two, 500, "failed")
    send(one, two, 10, "done")
    account_freeze(account_id=two.id, reason="", origin=ORIGIN)
    attempt(one, two, 1, "refused")
    for name, documents in before.items():
        ids = [document["_id"] for document in documents]
        assert list(getattr(books(), name).find({"_id": {"$in": ids}}).sort("_id", 1)) == documents
