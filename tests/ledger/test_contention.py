"""Many at once: exact winners, exact losers, and never an error of the database."""

import threading
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from typing import Any

from bson.objectid import ObjectId

from ledger.accounts import account_freeze, account_get, account_open, account_unfreeze
from ledger.errors import AccountExists, IdempotencyKeyReused, RetryLimitExceeded, TransferRefused
from ledger.history import transaction_by_key
from ledger.rules import INSUFFICIENT_FUNDS, SENDER_NOT_ACTIVE, Outcome
from ledger.store import books
from ledger.transfers import funding_execute
from tests.ledger.conftest import ORIGIN, Opener, attempt, balance, books_are_right

ROUNDS = 25


def at_once(*calls: Callable[[], Any]) -> list[Any]:
    """Call all of these as near to the same moment as threads allow, and return what they returned."""
    gate = threading.Barrier(len(calls))

    def released(call: Callable[[], Any]) -> Any:
        gate.wait()
        return call()

    with ThreadPoolExecutor(len(calls)) as pool:
        return [future.result() for future in [pool.submit(released, call) for call in calls]]


def test_two_transfers_of_all_the_money_at_once(open_account: Opener) -> None:
    two, three = open_account(), open_account()
    for number in range(ROUNDS):
        one = open_account(100)
        answers = at_once(
            partial(attempt, one, two, 100, f"a{number}"),
            partial(attempt, one, three, 100, f"b{number}"),
        )
        refused = [answer for answer in answers if isinstance(answer, TransferRefused)]
        assert sorted(type(answer).__name__ for answer in answers) == ["Outcome", "TransferRefused"]
        assert refused[0].transaction.failure_reason == INSUFFICIENT_FUNDS
        assert balance(one) == 0
    assert balance(two) + balance(three) == ROUNDS * 10_000
    books_are_right()


def test_fifty_people_pay_one_account_at_once(open_account: Opener) -> None:
    shop, people = open_account(), [open_account(10) for _ in range(50)]
    answers = at_once(*[partial(attempt, person, shop, "1.5", "k") for person in people])
    assert all(isinstance(answer, Outcome) for answer in answers)
    assert balance(shop) == 50 * 150
    assert account_get(shop.id).seq == 50
    books_are_right()


def test_one_key_twenty_times_at_once_is_one_debit_and_equal_answers(open_account: Opener) -> None:
    one, two = open_account(100), open_account()
    answers = at_once(*[partial(attempt, one, two, 10, "k")] * 20)
    assert len({answer.transaction for answer in answers}) == 1
    assert sum(not answer.replayed for answer in answers) == 1
    assert balance(one) == 9000
    assert books().entries.count_documents({"account": one.id, "direction": "DEBIT"}) == 1
    books_are_right()


def test_one_new_key_with_two_amounts_at_once(open_account: Opener) -> None:
    one, two = open_account(100), open_account()
    for number in range(5):
        answers = at_once(
            partial(attempt, one, two, 1, f"k{number}"),
            partial(attempt, one, two, 2, f"k{number}"),
        )
        assert sum(isinstance(answer, Outcome) for answer in answers) == 1
        assert sum(isinstance(answer, IdempotencyKeyReused) for answer in answers) == 1


def test_two_retries_of_a_failed_key_at_once_are_one_execution(open_account: Opener) -> None:
    one, two = open_account(1), open_account()
    attempt(one, two, 50, "k")
    funding_execute(receiver=one.id, amount=500, key="more", origin=ORIGIN)
    answers = at_once(*[partial(attempt, one, two, 50, "k")] * 2)
    assert sorted(answer.replayed for answer in answers) == [False, True]
    assert balance(two) == 5000
    books_are_right()


def test_failing_requests_at_once_share_one_failure(open_account: Opener) -> None:
    one, two = open_account(1), open_account()
    for failures in (1, 2, 3):
        answers = at_once(*[partial(attempt, one, two, 50, "k")] * 6)
        assert {type(answer) for answer in answers} == {TransferRefused}
        assert {answer.transaction.retry_count for answer in answers} == {failures}
    answers = at_once(*[partial(attempt, one, two, 50, "k")] * 6)
    assert {type(answer) for answer in answers} == {RetryLimitExceeded}
    assert transaction_by_key(account=one, key="k").retry_count == 3
    assert balance(one) == 100


def test_money_running_in_a_circle_is_never_lost(open_account: Opener) -> None:
    ring = [open_account(50) for _ in range(4)]

    def run_round(start: int) -> list[Any]:
        return [
            attempt(ring[(start + step) % 4], ring[(start + step + 1) % 4], 7, f"{start}-{step}") for step in range(12)
        ]

    answers = [answer for answers in at_once(*[partial(run_round, start) for start in range(4)]) for answer in answers]
    assert {type(answer).__name__ for answer in answers} <= {"Outcome", "TransferRefused"}
    assert sum(balance(account) for account in ring) == 4 * 5000
    books_are_right()


def test_freezing_while_transfers_run_is_wholly_before_or_wholly_after(open_account: Opener) -> None:
    one, two = open_account(10_000), open_account()
    stop = threading.Event()
    answers: list[Any] = []

    def pay() -> None:
        number = 0
        while not stop.is_set():
            number += 1
            answers.append(attempt(one, two, 1, f"{threading.get_ident()}-{number}"))

    payers = [threading.Thread(target=pay) for _ in range(3)]
    for payer in payers:
        payer.start()
    time.sleep(0.3)
    frozen = account_freeze(account_id=one.id, reason="stolen card", origin=ORIGIN)
    at_freeze = balance(one)
    time.sleep(0.2)
    stop.set()
    for payer in payers:
        payer.join()
    assert frozen.status == "FROZEN"
    assert balance(one) == at_freeze
    done = sum(isinstance(answer, Outcome) for answer in answers)
    refused = [answer.transaction.failure_reason for answer in answers if isinstance(answer, TransferRefused)]
    assert done > 0
    assert set(refused) == {SENDER_NOT_ACTIVE}
    assert done + len(refused) == len(answers)
    assert balance(two) == done * 100
    books_are_right()


def test_opening_the_same_account_at_once_opens_one(ledger_db: object) -> None:
    owner = ObjectId()

    def open_it() -> Any:
        try:
            return account_open(owner=owner, currency="INR", origin=ORIGIN, opening_minor=500)
        except AccountExists as refusal:
            return refusal

    answers = at_once(*[open_it] * 6)
    assert sum(isinstance(answer, AccountExists) for answer in answers) == 5
    assert books().accounts.count_documents({"owner": owner}) == 1
    books_are_right()


def test_opening_in_every_currency_at_once_gives_one_opening_balance(ledger_db: object) -> None:
    for _ in range(5):
        owner = ObjectId()
        opening = partial(account_open, owner=owner, origin=ORIGIN, opening_minor=500)
        accounts = at_once(*[partial(opening, currency=currency) for currency in ("INR", "BRL", "EUR", "USD")])
        assert sorted(account_get(account.id).balance_minor for account in accounts) == [0, 0, 0, 500]
    books_are_right()


def test_freezing_at_once_is_done_by_one(open_account: Opener) -> None:
    one = open_account()

    def freeze() -> str:
        try:
            return account_freeze(account_id=one.id, reason="", origin=ORIGIN).status
        except Exception as refusal:
            return type(refusal).__name__

    assert sorted(at_once(*[freeze] * 4)) == ["AccountStateConflict"] * 3 + ["FROZEN"]
    assert account_unfreeze(account_id=one.id, reason="", origin=ORIGIN).status == "ACTIVE"
    assert books().audit.count_documents({"action": "account.frozen"}) == 1
