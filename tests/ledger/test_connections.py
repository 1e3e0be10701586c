"""Lists that are read in both directions: each line once, in one order, whatever is added between two pages."""

import random
from collections.abc import Callable, Iterator
from datetime import timedelta
from typing import Any

import pytest
from bson.objectid import ObjectId

from ledger.accounts import account_get, account_open, system_account_id
from ledger.connections import (
    accounts_count,
    accounts_span,
    transactions_count,
    transactions_count_of_accounts,
    transactions_span,
    transactions_span_of_accounts,
)
from ledger.errors import CursorInvalid
from ledger.posting import post
from ledger.records import Account, Transaction, now
from ledger.rules import Instruction
from ledger.spans import Span, Stretch
from ledger.store import books
from tests.ledger.conftest import ORIGIN, Opener

PAYMENTS = 60
MOST_PAGES = 100
Read = Callable[[Span], Stretch[Any]]


@pytest.fixture
def own(open_account: Opener) -> list[Account]:
    """A person's accounts in two currencies, each of which paid and tried to pay, often in the same millisecond."""
    dice = random.Random(20_261_124)  # noqa: S311 - no secret
    first, moment = open_account(1_000), now() + timedelta(hours=1)
    assert first.owner is not None
    second = account_open(owner=first.owner, currency="EUR", origin=ORIGIN, opening_minor=10**6, only_first=False)
    payees = {first.id: open_account(), second.id: open_account(currency="EUR")}
    payments = []
    for number in range(PAYMENTS):
        moment += timedelta(milliseconds=dice.choice([0, 0, 0, 1, 1_000]))
        payer = dice.choice([first, second])
        payments.append(payment(payer, payees[payer.id], number, moment, dice.choice([1, 10**9])))
    post(payments)
    return [account_get(first.id), account_get(second.id)]


def payment(payer: Account, payee: Account, number: int, at: Any, amount: int) -> Instruction:
    return Instruction(
        payer.id, payee.id, amount, payer.currency, "TRANSFER", str(number), f"k{number}", payer.owner, ORIGIN, at=at
    )


def of(accounts: list[Account]) -> Read:
    return lambda span: transactions_span_of_accounts(accounts=accounts, span=span)


def walk(read: Read, limit: int, *, backwards: bool = False) -> Iterator[Stretch[Any]]:
    """Yield page after page to the end of the list, or from there to its beginning."""
    place = None
    for _ in range(MOST_PAGES):
        page = read(Span(limit, place, backwards))
        yield page
        if not page.has_more:
            return
        place = page.lines[0 if backwards else -1].cursor
    pytest.fail("the list has no end")


def ids(pages: list[Stretch[Any]], *, backwards: bool = False) -> list[ObjectId]:
    in_order = pages[::-1] if backwards else pages
    return [line.record.id for page in in_order for line in page.lines]


def all_of(accounts: list[Account]) -> set[ObjectId]:
    mine = [account.id for account in accounts]
    found = books().transactions.find({"$or": [{"sender": {"$in": mine}}, {"receiver": {"$in": mine}}]}, {"_id": 1})
    return {document["_id"] for document in found}


@pytest.mark.parametrize("limit", [1, 2, 7, 50])
def test_both_directions_give_each_line_once_in_one_order(own: list[Account], limit: int) -> None:
    for accounts in (own, own[:1], own[1:]):
        forward = ids(list(walk(of(accounts), limit)))
        backward = ids(list(walk(of(accounts), limit, backwards=True)), backwards=True)
        assert forward == backward
        assert len(forward) == len(set(forward))
        assert set(forward) == all_of(accounts)


def test_newer_ones_come_first(own: list[Account]) -> None:
    (page,) = [transactions_span_of_accounts(accounts=own, span=Span(100))]
    times = [line.record.created_at for line in page.lines]
    # The two fundings are the oldest.
    assert len(times) == PAYMENTS + 2
    assert times == sorted(times, reverse=True)


@pytest.mark.parametrize("backwards", [False, True])
def test_what_is_added_between_pages_moves_nothing(own: list[Account], backwards: bool) -> None:
    before = ids(list(walk(of(own), 50)))
    payee = ObjectId()
    pages = []
    for number, page in enumerate(walk(of(own), 9, backwards=backwards)):
        pages.append(page)
        if number < 3:
            # Both kinds: nobody is paid, and somebody is.
            other = account_open(owner=ObjectId(), currency="INR", origin=ORIGIN)
            moment = now() + timedelta(hours=2, seconds=number)
            post([payment(own[0], other, 1_000 + number, moment, 1)])
            post([Instruction(own[0].id, payee, 1, "INR", "TRANSFER", "", f"n{number}", own[0].owner, ORIGIN)])
    found = ids(pages, backwards=backwards)
    assert len(found) == len(set(found))
    # What is new stands at the newest end, which a walk backwards comes to last.
    assert found[-len(before) :] == before or [one for one in found if one in set(before)] == before
    assert set(before) <= set(found)


def test_from_any_line_both_directions_meet(own: list[Account]) -> None:
    read, whole = of(own), [line for page in walk(of(own), 50) for line in page.lines]
    for position in range(0, len(whole), 5):
        place = whole[position].cursor
        newer, older = read(Span(50, place, backwards=True)), read(Span(50, place))
        around = [line.record.id for line in [*newer.lines, whole[position], *older.lines]]
        wanted = [line.record.id for line in whole[max(0, position - 50) : position + 51]]
        assert around == wanted


def test_what_one_pays_oneself_comes_once(own: list[Account]) -> None:
    system = account_get(system_account_id("INR"))
    accounts = [system, own[0]]
    forward = ids(list(walk(of(accounts), 3)))
    assert forward == ids(list(walk(of(accounts), 3, backwards=True)), backwards=True)
    assert len(forward) == len(set(forward))
    assert transactions_count_of_accounts(accounts) is None


def test_counts_are_those_of_the_list(own: list[Account], monkeypatch: pytest.MonkeyPatch) -> None:
    for accounts in (own, own[:1], own[1:]):
        assert transactions_count_of_accounts(accounts) == len(ids(list(walk(of(accounts), 50))))
    assert transactions_count() == len(ids(list(walk(transactions_span, 50))))
    assert accounts_count() == len(ids(list(walk(every_account, 50))))
    monkeypatch.setattr("ledger.connections.MOST_COUNTED", 2)
    assert transactions_count_of_accounts(own) is None


def every_account(span: Span) -> Stretch[Account]:
    return accounts_span(owners=None, span=span)


@pytest.mark.parametrize("limit", [1, 4, 50])
def test_the_whole_bank_is_read_both_ways(own: list[Account], limit: int) -> None:
    assert own
    reads: list[Read] = [transactions_span, every_account]
    for read in reads:
        forward = ids(list(walk(read, limit)))
        assert forward == ids(list(walk(read, limit, backwards=True)), backwards=True)
        assert forward == sorted(forward, reverse=read is transactions_span)
    assert len(ids(list(walk(transactions_span, 50)))) == books().transactions.count_documents({})


def test_accounts_are_those_of_their_owners(own: list[Account]) -> None:
    page = accounts_span(owners=[own[0].owner], span=Span(50))
    assert {line.record.id for line in page.lines} == {account.id for account in own}
    bank = accounts_span(owners=[None], span=Span(50))
    assert {line.record.owner for line in bank.lines} == {None}


@pytest.mark.parametrize(
    "cursor", ["", "rubbish", "%%%", "a", "ä", "\0", "YXQ6MSAtIDE", "A" * 500, "YXQ6OTk5OTk5OTk5OTk5OTkgLSA"]
)
def test_a_cursor_that_was_not_made_here_is_refused(own: list[Account], cursor: str) -> None:
    reads: list[Read] = [of(own), transactions_span, every_account]
    for read in reads:
        with pytest.raises(CursorInvalid):
            read(Span(5, cursor))


def test_a_cursor_of_another_list_is_refused(own: list[Account]) -> None:
    of_bank: Stretch[Transaction] = transactions_span(Span(1))
    of_person = of(own)(Span(1))
    with pytest.raises(CursorInvalid):
        of(own)(Span(1, of_bank.lines[0].cursor))
    with pytest.raises(CursorInvalid):
        transactions_span(Span(1, of_person.lines[0].cursor))
