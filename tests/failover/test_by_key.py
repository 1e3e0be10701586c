"""What became of a key: a primary that does not know that it was replaced must not say that nothing did."""

import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from types import SimpleNamespace
from typing import Any, cast

import pytest
from bson.objectid import ObjectId
from pymongo.errors import PyMongoError

from ledger import history
from ledger.errors import TransactionNotFound
from ledger.records import Account
from tests.failover.bank import DATABASE, Bank
from tests.failover.replica import Node, ReplicaSet

pytestmark = pytest.mark.timeout(60)

# How many ask at once: not each of them comes before the news.
_MANY = 8


def test_a_replaced_primary_never_says_that_nothing_was_done(
    bank: Bank, replica_set: ReplicaSet, monkeypatch: pytest.MonkeyPatch
) -> None:
    old = replica_set.wait_for_primary()
    payer, payee = bank.customers[:2]
    key = f"{ObjectId()}"
    order = {"fromAccount": payer.account, "toAccount": payee.account, "amount": 1, "idempotencyKey": key}
    transactions = old.client[DATABASE].ledger_transactions
    transactions.find_one({})
    monkeypatch.setattr(history, "books", lambda: SimpleNamespace(transactions=transactions))
    sender = cast(Account, SimpleNamespace(id=ObjectId(payer.account)))

    old.pause()
    try:
        replica_set.wait_for_primary(other_than=old)
        assert payer.ask(bank.server.port, "POST", "/api/transactions", order).status == 201
        answers = asked_at_the_moment_it_wakes(old, lambda: history.transaction_by_key(account=sender, key=key))
    finally:
        old.resume()
    assert TransactionNotFound not in answers
    assert payer.became_of(bank.server.port, key).status == 200


def asked_at_the_moment_it_wakes(node: Node, question: Callable[[], Any]) -> list[type]:
    """Ask many times what a stopped node will find in its connections when it goes on."""

    def ask() -> type:
        try:
            return type(question())
        except (PyMongoError, TransactionNotFound) as error:
            return type(error)

    with ThreadPoolExecutor(_MANY) as pool:
        answers = [pool.submit(ask) for _ in range(_MANY)]
        time.sleep(0.3)
        node.resume()
        return [answer.result() for answer in answers]
