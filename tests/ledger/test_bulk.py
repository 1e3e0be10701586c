"""Bulk payments of the ledger: an answer for each line in order, across groups, and no line hurts another."""

from collections import Counter
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest
from bson.objectid import ObjectId

from ledger import committer, transfers
from ledger.committer import MAX_GROUP
from ledger.errors import IdempotencyKeyReused, LedgerError, RequestInvalid, TransferRefused, TryAgain
from ledger.records import Account
from ledger.rules import Answer, Instruction, Outcome
from ledger.store import books
from ledger.transfers import MAX_BULK, TransferOrder, transfers_execute
from tests.ledger.conftest import ORIGIN, Opener, balance, books_are_right, send


def orders(sender: Account, receiver: Account | ObjectId, count: int, amount: object = "1") -> list[TransferOrder]:
    to = receiver.id if isinstance(receiver, Account) else receiver
    return [TransferOrder(sender, to, amount, f"line-{number}") for number in range(count)]


def execute(sender: Account, lines: Sequence[TransferOrder], **more: Any) -> list[Answer]:
    assert sender.owner is not None
    return transfers_execute(orders=lines, owner=sender.owner, origin=ORIGIN, **more)


def names(answers: Sequence[Answer]) -> list[str]:
    """Return what each answer is, in one word."""
    return [
        ("replayed" if answer.replayed else "paid") if isinstance(answer, Outcome) else type(answer).__name__
        for answer in answers
    ]


def test_a_thousand_lines_are_paid_in_order_and_a_second_time_nobody_is(open_account: Opener) -> None:
    one, two = open_account(5_000), open_account()
    first = execute(one, orders(one, two, MAX_BULK, "2.50"))
    assert names(first) == ["paid"] * MAX_BULK
    keys = [answer.transaction.key for answer in first if isinstance(answer, Outcome)]
    assert keys == [f"line-{number}" for number in range(MAX_BULK)]
    left = [answer.transaction.sender_balance_minor for answer in first if isinstance(answer, Outcome)]
    assert left == [500_000 - 250 * (number + 1) for number in range(MAX_BULK)]
    again = execute(one, orders(one, two, MAX_BULK, "2.50"))
    assert names(again) == ["replayed"] * MAX_BULK
    assert (balance(one), balance(two)) == (250_000, 250_000)
    books_are_right()


def test_a_wrong_line_hurts_no_neighbour_and_is_not_recorded(open_account: Opener) -> None:
    one, two, euros = open_account(100), open_account(), open_account(currency="EUR")
    lines = [
        TransferOrder(one, two.id, "1", "a"),
        TransferOrder(one, two.id, "1.001", "b"),
        TransferOrder(one, two.id, True, "c"),
        TransferOrder(one, two.id, "1", "with space"),
        TransferOrder(one, two.id, "1", {"$gt": ""}),
        TransferOrder(one, two.id, "1", "d", note="x" * 141),
        TransferOrder(one, two.id, "1", "e", type="FUNDING"),
        TransferOrder(one, one.id, "1", "f"),
        TransferOrder(one, two.id, "1", "g"),
        TransferOrder(one, ObjectId(), "1", "h"),
        TransferOrder(one, euros.id, "1", "i"),
        TransferOrder(one, two.id, "1", "j"),
    ]
    assert names(execute(one, lines)) == [
        "paid",
        "AmountInvalid",
        "AmountInvalid",
        *["RequestInvalid"] * 4,
        "SameAccount",
        "paid",
        "TransferRefused",
        "TransferRefused",
        "paid",
    ]
    recorded = {document["key"] for document in books().transactions.find({"sender": one.id})}
    assert recorded == {"a", "g", "h", "i", "j"}
    assert balance(two) == 300
    books_are_right()


def test_one_key_twice_is_a_replay_or_a_reuse_also_in_another_group(open_account: Opener) -> None:
    one, two = open_account(1_000), open_account()
    lines = orders(one, two, MAX_GROUP + 2)
    lines[1] = TransferOrder(one, two.id, "1", "line-0")
    lines[2] = TransferOrder(one, two.id, "9", "line-0")
    lines[MAX_GROUP] = TransferOrder(one, two.id, "1", "line-0")
    lines[MAX_GROUP + 1] = TransferOrder(one, two.id, "9", "line-0")
    answers = names(execute(one, lines))
    assert answers[:3] == ["paid", "replayed", "IdempotencyKeyReused"]
    assert answers[MAX_GROUP:] == ["replayed", "IdempotencyKeyReused"]
    assert Counter(answers) == {"paid": MAX_GROUP - 2, "replayed": 2, "IdempotencyKeyReused": 2}
    assert balance(two) == (MAX_GROUP - 2) * 100
    books_are_right()


def test_a_key_that_fails_counts_once_however_often_it_is_in_a_bulk(open_account: Opener) -> None:
    one, two = open_account(1), open_account()
    answers = execute(one, [TransferOrder(one, two.id, "5", "same")] * (MAX_GROUP + 5))
    counts = [answer.transaction.retry_count for answer in answers if isinstance(answer, TransferRefused)]
    assert counts == [1] * (MAX_GROUP + 5)
    books_are_right()


def test_when_the_money_ends_midway_later_small_lines_still_go(open_account: Opener) -> None:
    one, two = open_account(400), open_account()
    lines = [*orders(one, two, 399), TransferOrder(one, two.id, "5", "big"), TransferOrder(one, two.id, "1", "small")]
    lines.append(TransferOrder(one, two.id, "1", "too-late"))
    answers = execute(one, lines)
    assert names(answers)[-3:] == ["TransferRefused", "paid", "TransferRefused"]
    assert [answer.transaction.failure_reason for answer in answers if isinstance(answer, TransferRefused)] == [
        "insufficient_funds"
    ] * 2
    assert (balance(one), balance(two)) == (0, 40_000)
    books_are_right()


def test_somebody_elses_account_is_not_found_even_with_a_known_key(open_account: Opener) -> None:
    one, two, others = open_account(100), open_account(), open_account(100)
    send(others, two, "1", "secret")
    lines = [
        TransferOrder(one, two.id, "1", "a"),
        TransferOrder(others, two.id, "1", "secret"),
        TransferOrder(others, two.id, "1", "new"),
        TransferOrder(one, two.id, "1", "b"),
    ]
    assert names(execute(one, lines)) == ["paid", "AccountNotFound", "AccountNotFound", "paid"]
    assert (balance(one), balance(others)) == (9_800, 9_900)
    assert books().transactions.count_documents({"sender": others.id}) == 1
    books_are_right()


def test_two_identical_bulks_at_once_pay_everybody_once(open_account: Opener) -> None:
    one, two = open_account(1_000), open_account()
    lines = orders(one, two, 600)
    with ThreadPoolExecutor(2) as pool:
        answers = list(pool.map(lambda _: execute(one, lines), range(2)))
    assert Counter(names(answers[0]) + names(answers[1])) == {"paid": 600, "replayed": 600}
    assert balance(two) == 60_000
    books_are_right()


def test_after_a_group_without_an_answer_the_later_ones_are_not_tried(
    open_account: Opener, monkeypatch: pytest.MonkeyPatch
) -> None:
    one, two = open_account(1_000), open_account()
    real, groups = committer.submit_together, []

    def submit(group: Sequence[Instruction], *, deadline_seconds: float | None = None) -> list[Answer]:
        groups.append(len(group))
        if len(groups) == 2:
            return [TryAgain()] * len(group)
        return real(group, deadline_seconds=deadline_seconds)

    monkeypatch.setattr(transfers, "submit_together", submit)
    lines = [*orders(one, two, 3 * MAX_GROUP), TransferOrder(one, two.id, "0", "malformed")]
    answers = names(execute(one, lines))
    assert groups == [MAX_GROUP, MAX_GROUP]
    assert Counter(answers) == {"paid": MAX_GROUP, "TryAgain": 2 * MAX_GROUP, "AmountInvalid": 1}
    assert answers[:MAX_GROUP] == ["paid"] * MAX_GROUP
    monkeypatch.undo()
    assert Counter(names(execute(one, lines))) == {
        "replayed": MAX_GROUP,
        "paid": 2 * MAX_GROUP,
        "AmountInvalid": 1,
    }
    assert balance(two) == 3 * MAX_GROUP * 100
    books_are_right()


def test_the_deadline_is_for_all_of_them(open_account: Opener) -> None:
    one, two = open_account(1_000), open_account()
    answers = execute(one, orders(one, two, MAX_GROUP + 1), deadline_seconds=0)
    assert set(names(answers)) == {"TryAgain"}
    assert balance(two) == 0


def test_a_bulk_is_bounded_and_may_be_empty(open_account: Opener) -> None:
    one, two = open_account(1), open_account()
    with pytest.raises(ValueError, match="at most 1000"):
        execute(one, orders(one, two, MAX_BULK + 1))
    assert execute(one, []) == []
    assert execute(one, [TransferOrder(one, two.id, "1", "")])[0].__class__ is RequestInvalid


def test_every_refusal_is_the_one_that_a_single_transfer_gets(open_account: Opener) -> None:
    one, two = open_account(100), open_account()
    for amount, key in (("1e3", "a"), ("-1", "b"), ("1", "ü"), ("10001", "c"), ("101", "d")):
        (answer,) = execute(one, [TransferOrder(one, two.id, amount, f"bulk-{key}")])
        with pytest.raises(LedgerError) as alone:
            send(one, two, amount, f"alone-{key}")
        assert isinstance(answer, type(alone.value))
        assert answer.message == alone.value.message
    send(one, two, "1", "known")
    (answer,) = execute(one, [TransferOrder(one, two.id, "2", "known")])
    assert isinstance(answer, IdempotencyKeyReused)
