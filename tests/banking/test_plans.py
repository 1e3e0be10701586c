"""Reads stay flat: what the database does for them is bounded by the page, never by the size of the bank.

Each question is asked through the function that the pages and the API call. The database's profiler says which
commands that sent and what was examined for them, and each of these very commands is explained: no collection is
scanned, and nothing is sorted in memory.
"""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, cast
from zoneinfo import ZoneInfo

import pytest
from bson.objectid import ObjectId
from pymongo.database import Database
from pytest_django.plugin import DjangoDbBlocker

from accounts.errors import UserNotFound
from accounts.selectors import people_search, user_by_document, user_by_email, users_by_ids
from banking.names import accounts_named, names_of_accounts
from banking.selectors.activity import activity_page, failed_lines, receipt_for_account
from banking.selectors.dashboard import PERIODS, overview_get
from banking.selectors.days import day_count, days_kept, first_day
from banking.selectors.directory import ADMINS, WITH_FROZEN, directory_page
from banking.selectors.oversight import movements_page, trail_page
from banking.selectors.people import PEOPLE_A_PAGE, people_page
from banking.selectors.transfers import transaction_examine, transfers_of_accounts
from ledger import sessions
from ledger.accounts import (
    account_get,
    accounts_of_owner,
    accounts_of_owners,
)
from ledger.connections import (
    accounts_span,
    transactions_count_of_accounts,
    transactions_span,
    transactions_span_of_accounts,
)
from ledger.history import (
    EntryFilter,
    balance_at,
    balance_series,
    entries_page,
    entry_of,
    failed_transactions,
    month_flows,
    recent_counterparties,
    transaction_by_key,
    transactions_by_ids,
)
from ledger.listings import Bounds
from ledger.records import COMPLETED, FAILED, Account, now
from ledger.spans import Span
from ledger.store import books
from ledger.trail import AuditFilter
from tests.banking.large_bank import PAYERS, PAYMENTS, LargeBank, large_bank_make
from tests.profiler import Operation, explained, stages_of, watched

# More than a page and its neighbours, and far less than the 2,700 entries of the busiest account.
PAGE = 60


@pytest.fixture(scope="module")
def large(django_db_setup: None, django_db_blocker: DjangoDbBlocker) -> Iterator[LargeBank]:
    """Make the bank once for this module."""
    from django.db import connection

    from tests.database import clean

    with django_db_blocker.unblock():
        database: Database[dict[str, Any]] = cast(Any, connection).database
        clean(database)
        yield large_bank_make(database)
        sessions.pool_reset()


def cursor_deep(bank: LargeBank) -> str:
    """Return the cursor that leads into the middle of the hub's history."""
    cursor = entries_page(account=bank.hub, page=bank.hub.seq // 40, limit=20).next_cursor
    assert cursor is not None
    return cursor


def days_ago(days: int) -> datetime:
    return now() - timedelta(days=days)


@dataclass
class Question:
    """A read.

    Args:
        ask: asks it, by the function that the pages and the API call.
        documents: how many documents, and how many keys, may be examined for one of its commands.
        calls: how many commands it sends.
    """

    ask: Callable[[LargeBank], object]
    documents: int = PAGE
    calls: int = 1


KOLKATA = ZoneInfo("Asia/Kolkata")
WORDS = EntryFilter(words="Payment 29", counterparties=[ObjectId()])

QUESTIONS = {
    "an account": Question(lambda bank: account_get(bank.hub.id), 1),
    "an owner's accounts": Question(lambda bank: accounts_of_owner(cast(ObjectId, bank.hub.owner)), 2),
    "many owners' accounts": Question(lambda bank: accounts_of_owners(bank.owners), 2 * PAYERS),
    "the first page of history": Question(lambda bank: entries_page(account=bank.hub, limit=50)),
    "a deep page by its cursor": Question(
        lambda bank: entries_page(account=bank.hub, cursor=cursor_deep(bank)), 25, 2
    ),
    "a deep page by its number": Question(lambda bank: entries_page(account=bank.hub, page=50, limit=50)),
    "history between two days": Question(
        lambda bank: entries_page(account=bank.hub, filters=EntryFilter(since=days_ago(30), until=days_ago(20))),
        PAGE,
        3,
    ),
    "the balance at a time": Question(lambda bank: balance_at(account=bank.hub, at=days_ago(30)), 1),
    "the balance before there was any": Question(lambda bank: balance_at(account=bank.hub, at=days_ago(300)), 1),
    "the balance of thirty days": Question(
        lambda bank: balance_series(account=bank.hub, days=30, zone=KOLKATA), 30 + 1
    ),
    "the balance of a year": Question(
        lambda bank: balance_series(account=bank.hub, days=365, every=7, zone=KOLKATA), 53 + 1
    ),
    "what came in and went out by month": Question(
        lambda bank: month_flows(account=bank.hub, months=12, zone=KOLKATA), 12 + 1
    ),
    "who was paid last": Question(lambda bank: recent_counterparties(account=bank.hub, limit=5), 500),
    "who was paid last by an account that never paid": Question(
        lambda bank: recent_counterparties(account=bank.quiet, limit=5), 500
    ),
    "what failed": Question(lambda bank: failed_transactions(account=bank.hub)),
    "what failed of an account where nothing did": Question(lambda bank: failed_transactions(account=bank.quiet), 1),
    "what became of a key": Question(lambda bank: transaction_by_key(account=bank.hub, key="key-3000"), 1),
    "an account's entry of a transaction": Question(
        lambda bank: entry_of(account=bank.hub, transaction_id=bank.paid), 3
    ),
    "transactions by id": Question(lambda bank: transactions_by_ids([bank.paid, ObjectId()]), 4),
    "a receipt": Question(lambda bank: receipt_for_account(account=bank.hub, transaction_id=bank.paid), 5, 4),
    "a page of activity with names": Question(lambda bank: activity_page(account=bank.hub), PAGE, 4),
    "failed lines with names": Question(lambda bank: failed_lines(account=bank.hub), PAGE, 3),
    "an account at a glance": Question(
        lambda bank: overview_get(account=bank.hub, period=PERIODS["year"], zone=KOLKATA), 600, 7
    ),
    "names of accounts": Question(lambda bank: names_of_accounts([bank.hub.id, bank.quiet.id]), 5, 2),
    "accounts by the owner's name": Question(lambda bank: accounts_named("many1"), 2 * 21, 2),
    "people by name": Question(lambda bank: people_search(words="many", exclude=bank.owners[0]), 2 * 21),
    "people by id": Question(lambda bank: users_by_ids(bank.owners), 2 * PAYERS),
    "a person by address": Question(lambda bank: user_by_email(email="p7@example.com"), 2),
    "a person by document": Question(lambda bank: nobody_has_this_document(), 1),
    "transactions of the bank": Question(
        lambda bank: movements_page(account_id=None, status=None, page=1, cursor=None, limit=50), PAGE, 2
    ),
    "transactions of the bank, deep": Question(lambda bank: movements_deep(None, None), PAGE, 4),
    "transactions of the bank in one state": Question(
        lambda bank: movements_page(account_id=None, status=FAILED, page=1, cursor=None, limit=20), PAGE, 2
    ),
    "transactions of the bank in one state, deep": Question(lambda bank: movements_deep(None, FAILED), PAGE, 4),
    "transactions of the bank in a state that none has": Question(
        lambda bank: movements_page(account_id=None, status="PENDING", page=1, cursor=None, limit=20), 1
    ),
    "transactions of an account": Question(
        lambda bank: movements_page(account_id=bank.hub.id, status=None, page=1, cursor=None, limit=50), 2 * PAGE, 5
    ),
    "transactions of an account, deep": Question(lambda bank: movements_deep(bank.hub.id, None), PAGE, 10),
    "transactions of an account that moved money": Question(
        lambda bank: movements_page(account_id=bank.hub.id, status=COMPLETED, page=1, cursor=None, limit=20), PAGE, 4
    ),
    "transactions of an account in one state": Question(
        lambda bank: movements_page(account_id=bank.hub.id, status=FAILED, page=1, cursor=None, limit=20), PAGE, 4
    ),
    "a connection of the bank's transactions": Question(lambda bank: transactions_span(Span(50))),
    "a connection of the bank's transactions, both ways from its middle": Question(
        lambda bank: span_middle(), PAGE, 3
    ),
    "a connection of the bank's accounts": Question(lambda bank: accounts_span(owners=None, span=Span(50))),
    "a connection of an account's transactions": Question(
        lambda bank: transactions_span_of_accounts(accounts=[bank.hub], span=Span(50)), PAGE, 3
    ),
    "a connection of an account's transactions, both ways from its middle": Question(
        lambda bank: span_middle_of(bank.hub), PAGE, 9
    ),
    "a connection of an account's transactions, from its end": Question(
        lambda bank: transactions_span_of_accounts(accounts=[bank.hub], span=Span(50, backwards=True)), PAGE, 3
    ),
    "how long a connection of an account is": Question(lambda bank: transactions_count_of_accounts([bank.hub]), 61),
    "the audit log": Question(lambda bank: trail_page(wanted=AuditFilter(), cursor=None, limit=50)),
    "the audit log, deep": Question(lambda bank: trail_deep(AuditFilter()), PAGE, 2),
    "the audit log of some days": Question(
        lambda bank: trail_page(wanted=AuditFilter(since=days_ago(30), until=days_ago(20)), cursor=None, limit=20)
    ),
    "the audit log of a seldom action": Question(
        lambda bank: trail_page(wanted=AuditFilter(action="login"), cursor=None, limit=20)
    ),
    "the audit log of a seldom action, deep": Question(lambda bank: trail_deep(AuditFilter(action="login")), PAGE, 2),
    "the audit log of a seldom action in some days": Question(
        lambda bank: trail_page(
            wanted=AuditFilter(action="login", since=days_ago(90), until=days_ago(20)), cursor=None, limit=20
        )
    ),
    "the trail of a transaction": Question(
        lambda bank: trail_page(wanted=AuditFilter(subject=bank.paid), cursor=None, limit=20), 1
    ),
    "what was done to an account": Question(
        lambda bank: trail_page(
            wanted=AuditFilter(subject=bank.hub.id, action="account.opened"), cursor=None, limit=20
        ),
        1,
        3,
    ),
    "what happened on a day": Question(lambda bank: day_count(days_ago(20).date(), seconds=9), 2 * PAGE, 2),
    "the days that are kept": Question(lambda bank: days_kept(days_ago(400).date()), 1),
    "when the bank began": Question(lambda bank: first_day(), 1, 2),
    "transactions of the bank in some days": Question(
        lambda bank: movements_within(None, None, Bounds(since=days_ago(30), until=days_ago(20))), PAGE, 2
    ),
    "transactions of the bank in one state in some days": Question(
        lambda bank: movements_within(None, FAILED, Bounds(since=days_ago(30), until=days_ago(20))), PAGE, 2
    ),
    "transactions of an account in some days": Question(
        lambda bank: movements_within(bank.hub.id, None, Bounds(since=days_ago(30), until=days_ago(20))), PAGE, 7
    ),
    "transactions of a person, with names": Question(
        lambda bank: transfers_of_accounts(accounts=[bank.hub], cursor=None, limit=20), PAGE, 5
    ),
    "a transaction with all that is known of it": Question(lambda bank: transaction_examine(str(bank.paid)), 5, 7),
    "what was done to a person and to an account": Question(
        lambda bank: trail_page(
            wanted=AuditFilter(subjects=(bank.owners[0], bank.hub.id, bank.quiet.id)), cursor=None, limit=20
        ),
        6,
    ),
    "people with a frozen account": Question(
        lambda bank: directory_page(words="", show=WITH_FROZEN, cursor=None), 2 * PEOPLE_A_PAGE + 1, 3
    ),
    "people newest first": Question(lambda bank: people_page(words="", limit=50), 2 * PAGE, 3),
    "people newest first, deep": Question(
        lambda bank: people_page(words="", cursor=people_page(words="", page=5).next_cursor), 5 * 21, 6
    ),
    "people searched by administrators": Question(lambda bank: people_page(words="many"), 2 * 101, 3),
}

# What no index answers is looked for among so many, and no more, in each request.
SEARCHES: dict[str, Callable[[LargeBank], object]] = {
    "history with a direction": lambda bank: entries_page(account=bank.hub, filters=EntryFilter(direction="CREDIT")),
    "history with words": lambda bank: entries_page(account=bank.hub, filters=WORDS),
    "history with words that nothing has": lambda bank: entries_page(
        account=bank.hub, filters=EntryFilter(words="no such thing")
    ),
    "history with amounts, deep": lambda bank: entries_page(
        account=bank.hub, filters=EntryFilter(min_minor=1_000), cursor=cursor_deep(bank)
    ),
    "transactions that moved money": lambda bank: movements_page(
        account_id=None, status=COMPLETED, page=1, cursor=None, limit=20
    ),
    "the audit log of an action that moves money": lambda bank: trail_page(
        wanted=AuditFilter(action="transfer.failed"), cursor=None, limit=20
    ),
    "transactions with amounts": lambda bank: movements_within(None, None, Bounds(min_minor=10**6)),
    "failed transactions with amounts": lambda bank: movements_within(None, FAILED, Bounds(max_minor=100)),
    "transactions of an account with amounts": lambda bank: movements_within(
        bank.hub.id, None, Bounds(min_minor=10**6)
    ),
    "administrators": lambda bank: directory_page(words="", show=ADMINS, cursor=None),
    "the audit log of an actor": lambda bank: trail_page(wanted=AuditFilter(actor=bank.hub.id), cursor=None, limit=20),
}


def movements_within(account_id: ObjectId | None, status: str | None, bounds: Bounds) -> None:
    """Read a page of transactions within bounds."""
    movements_page(account_id=account_id, status=status, bounds=bounds, page=1, cursor=None, limit=20)


def movements_deep(account_id: ObjectId | None, status: str | None) -> None:
    """Read the first page and the one that follows it."""
    first = movements_page(account_id=account_id, status=status, page=1, cursor=None, limit=10)
    assert first.next_cursor is not None
    movements_page(account_id=account_id, status=status, page=None, cursor=first.next_cursor, limit=10)


def nobody_has_this_document() -> None:
    """Look for somebody by a tax document."""
    with pytest.raises(UserNotFound):
        user_by_document(document="52998224725")


def span_middle() -> None:
    """Read on from a line to both sides."""
    place = transactions_span(Span(50)).lines[25].cursor
    for backwards in (False, True):
        assert len(transactions_span(Span(20, place, backwards)).lines) == 20


def span_middle_of(account: Account) -> None:
    """Read on from a line of an account's list to both sides."""
    place = transactions_span_of_accounts(accounts=[account], span=Span(50)).lines[25].cursor
    for backwards in (False, True):
        found = transactions_span_of_accounts(accounts=[account], span=Span(20, place, backwards))
        assert len(found.lines) == 20


def trail_deep(wanted: AuditFilter) -> None:
    """Read the first page and the one that follows it."""
    first = trail_page(wanted=wanted, cursor=None, limit=20)
    assert first.next_cursor is not None
    trail_page(wanted=wanted, cursor=first.next_cursor, limit=20)


@pytest.mark.parametrize("name", QUESTIONS)
def test_a_question_is_answered_by_an_index(large: LargeBank, name: str) -> None:
    question = QUESTIONS[name]
    with watched(large.database) as operations:
        question.ask(large)
    assert all(operation.is_read for operation in operations)
    for operation in operations:
        is_flat(large.database, operation, question.documents)
    assert len(operations) == question.calls


@pytest.mark.parametrize("name", SEARCHES)
def test_a_search_is_bounded(large: LargeBank, name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("ledger.history.MOST_EXAMINED", 500)
    monkeypatch.setattr("ledger.newest.MOST_EXAMINED", 500)
    monkeypatch.setattr("ledger.listings.MOST_WALKED", 500)
    monkeypatch.setattr("accounts.selectors.MOST_EXAMINED", 200)
    with watched(large.database) as operations:
        SEARCHES[name](large)
    for operation in operations:
        is_flat(large.database, operation, 501)


def is_flat(database: Database[dict[str, Any]], operation: Operation, most: int) -> None:
    """Assert that a command was answered by an index, in its order, and examined at most so much."""
    stages = set() if operation.goes_on else set(stages_of(explained(database, operation)))
    assert not stages & {"COLLSCAN", "SORT", "SORT_KEY_GENERATOR"}, operation
    assert not operation.sorted_in_memory, operation
    assert operation.documents <= most, operation
    assert operation.keys <= most, operation


def test_the_profiler_and_the_plans_would_show_it(large: LargeBank) -> None:
    with watched(large.database) as (operations):
        list(books().entries.find({"note": "nothing"}).sort("amount_minor", 1))
    (operation,) = operations
    assert {"COLLSCAN", "SORT"} <= set(stages_of(explained(large.database, operation)))
    assert operation.sorted_in_memory
    assert operation.documents > PAYMENTS


def test_an_account_is_streamed_oldest_first_in_the_order_of_an_index(large: LargeBank) -> None:
    """What a statement reads: all entries between two numbers, in order, without collecting them."""
    query = {"account": large.hub.id, "seq": {"$gt": 100, "$lte": 150}}
    with watched(large.database) as operations:
        assert len(list(books().entries.find(query).sort("seq", 1))) == 50
    (operation,) = operations
    is_flat(large.database, operation, 51)
