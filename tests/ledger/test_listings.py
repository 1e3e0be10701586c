"""Transactions of the whole bank and the audit log: searched in bounded parts, walked without a gap."""

from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Any

import pytest
from bson.objectid import ObjectId

from ledger.accounts import account_get
from ledger.audit import SUCCESS, Origin, audit_document
from ledger.errors import CursorInvalid, RequestInvalid
from ledger.history import entries_page
from ledger.listings import Bounds, TransactionPage, transactions_page, transactions_page_of_account
from ledger.posting import post
from ledger.records import Account, now
from ledger.rules import Instruction
from ledger.store import books
from ledger.trail import AuditFilter, audit_page
from tests.ledger.conftest import ORIGIN, Opener

PAYMENTS = 40


@pytest.fixture
def payer(open_account: Opener) -> Account:
    """An account with forty payments of 1 to 40, an hour apart; every tenth is refused."""
    payer, payee = open_account(100), open_account()
    begin = now() + timedelta(hours=1)
    post([_payment(payer, payee, number, begin + timedelta(hours=number)) for number in range(1, PAYMENTS + 1)])
    return account_get(payer.id)


def _payment(payer: Account, payee: Account, number: int, at: datetime) -> Instruction:
    amount = 10**7 if number % 10 == 0 else number
    return Instruction(
        payer.id, payee.id, amount, "INR", "TRANSFER", str(number), f"k{number}", payer.owner, ORIGIN, at=at
    )


@pytest.fixture
def short_search(monkeypatch: pytest.MonkeyPatch) -> None:
    """A request looks into seven documents."""
    monkeypatch.setattr("ledger.newest.MOST_EXAMINED", 7)


def walked(page_at: Callable[[str | None], TransactionPage]) -> list[list[int]]:
    """Return the notes of all pages, by the cursor; fundings have none."""
    pages: list[list[int]] = []
    cursor = None
    while not pages or cursor:
        page = page_at(cursor)
        pages.append([int(one.note) for one in page.transactions if one.note])
        cursor = page.next_cursor
    return pages


def flat(pages: list[list[int]]) -> list[int]:
    return [number for page in pages for number in page]


REFUSED = [40, 30, 20, 10]
POSTED = [number for number in range(PAYMENTS, 0, -1) if number % 10]


@pytest.mark.usefixtures("payer")
def test_the_cursor_walks_all_transactions_newest_first() -> None:
    pages = walked(lambda cursor: transactions_page(cursor=cursor, limit=9))
    assert flat(pages) == list(range(PAYMENTS, 0, -1))
    assert [len(page) for page in pages[:4]] == [9, 9, 9, 9]


@pytest.mark.usefixtures("payer", "short_search")
def test_a_search_in_parts_finds_each_once() -> None:
    pages = walked(lambda cursor: transactions_page(status="COMPLETED", cursor=cursor, limit=3))
    assert flat(pages) == POSTED
    assert max(len(page) for page in pages) == 3


@pytest.mark.usefixtures("payer", "short_search")
def test_a_part_in_which_nothing_is_found_leads_on() -> None:
    books().transactions.update_many(
        {"status": "COMPLETED", "note": {"$in": [str(number) for number in range(20, PAYMENTS)]}},
        {"$set": {"status": "REVERSED"}},
    )
    first = transactions_page(status="COMPLETED", limit=3)
    assert (first.transactions, first.next_cursor is None) == ([], False)
    assert flat(walked(lambda cursor: transactions_page(status="COMPLETED", cursor=cursor, limit=3))) == [
        number for number in POSTED if number < 20
    ]


@pytest.mark.usefixtures("payer", "short_search")
def test_page_numbers_of_a_search_end_at_its_bound() -> None:
    pages = [transactions_page(status="COMPLETED", page=number, limit=3) for number in (1, 2)]
    assert [[one.note for one in page.transactions] for page in pages] == [["39", "38", "37"], ["36", "35", "34"]]
    with pytest.raises(RequestInvalid, match="go on with the cursor"):
        transactions_page(status="COMPLETED", page=3, limit=3)


def test_pages_have_numbers_only_so_far(payer: Account) -> None:
    assert transactions_page(page=200, limit=50).transactions == []
    with pytest.raises(RequestInvalid, match="go on with the cursor"):
        transactions_page(page=201, limit=50)
    with pytest.raises(RequestInvalid, match="go on with the cursor"):
        of_account(payer, page=201, limit=50)


def of_account(account: Account, **more: Any) -> TransactionPage:
    return transactions_page_of_account(account=account, **more)


@pytest.mark.parametrize("limit", [1, 4, 7, 50])
def test_an_accounts_two_lists_are_merged_in_the_order_of_time(payer: Account, limit: int) -> None:
    assert flat(walked(lambda cursor: of_account(payer, cursor=cursor, limit=limit))) == list(range(PAYMENTS, 0, -1))
    posted = walked(lambda cursor: of_account(payer, status="COMPLETED", cursor=cursor, limit=limit))
    assert flat(posted) == POSTED
    assert flat(walked(lambda cursor: of_account(payer, status="FAILED", cursor=cursor, limit=limit))) == REFUSED


@pytest.mark.parametrize("limit", [1, 3, 50])
def test_amounts_and_times_bound_both_lists(payer: Account, limit: int, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("ledger.listings.MOST_WALKED", 7)
    monkeypatch.setattr("ledger.newest.MOST_EXAMINED", 7)
    few = Bounds(currency="INR", min_minor=5, max_minor=12)
    within = [number for number in range(12, 4, -1) if number % 10]
    assert flat(walked(lambda cursor: transactions_page(bounds=few, cursor=cursor, limit=limit))) == within
    assert flat(walked(lambda cursor: of_account(payer, bounds=few, cursor=cursor, limit=limit))) == within
    assert flat(walked(lambda cursor: of_account(payer, bounds=Bounds(currency="EUR"), cursor=cursor))) == []
    much = Bounds(min_minor=10**7)
    assert flat(walked(lambda cursor: transactions_page(bounds=much, status="FAILED", cursor=cursor))) == REFUSED
    assert flat(walked(lambda cursor: of_account(payer, bounds=much, cursor=cursor, limit=limit))) == REFUSED
    numbers = {one.note: one.created_at for one in of_account(payer, limit=50).transactions}
    hours = Bounds(since=numbers["15"], until=numbers["25"])
    expected = list(range(24, 14, -1))
    assert flat(walked(lambda cursor: transactions_page(bounds=hours, cursor=cursor, limit=limit))) == expected
    assert flat(walked(lambda cursor: of_account(payer, bounds=hours, cursor=cursor, limit=limit))) == expected


def test_an_accounts_pages_have_numbers_too(payer: Account) -> None:
    notes = [one.note for page in range(1, 9) for one in of_account(payer, page=page, limit=6).transactions]
    assert [int(note) for note in notes if note] == list(range(PAYMENTS, 0, -1))


def test_cursors_of_another_list_are_refused(payer: Account) -> None:
    of_bank, of_one = transactions_page(limit=2).next_cursor, of_account(payer, limit=2).next_cursor
    of_history = entries_page(account=payer, limit=1, filters=None).next_cursor
    for cursor in (of_one, of_history, "rubbish"):
        with pytest.raises(CursorInvalid):
            transactions_page(cursor=cursor)
    for cursor in (of_bank, of_history, "rubbish"):
        with pytest.raises(CursorInvalid):
            of_account(payer, cursor=cursor)


@pytest.fixture
def trail(bank_db: object) -> tuple[ObjectId, datetime]:
    """Thirty records of one actor among ninety, a minute apart."""
    actor, begin = ObjectId(), now() - timedelta(days=2)
    actions = ["transfer.completed", "login", "transfer.failed"]
    documents = [
        audit_document(
            action=actions[number % 3],
            status=SUCCESS,
            origin=Origin(actor if number < 30 else ObjectId(), "127.0.0.1", "api"),
            subject=None,
            details={"number": number},
            at=begin + timedelta(minutes=number),
        )
        for number in range(90)
    ]
    books().audit.insert_many(documents[::-1])
    return actor, begin


def numbers(wanted: AuditFilter) -> list[int]:
    """Return the numbers of all records that match, by the cursor."""
    page = audit_page(wanted=wanted, limit=4)
    found = list(page.records)
    while page.next_cursor:
        page = audit_page(wanted=wanted, limit=4, cursor=page.next_cursor)
        found += page.records
    return [record.details["number"] for record in found]


@pytest.mark.usefixtures("short_search")
def test_the_audit_log_is_walked_in_the_order_of_time(trail: tuple[ObjectId, datetime]) -> None:
    actor, begin = trail
    assert numbers(AuditFilter()) == list(range(89, -1, -1))
    assert numbers(AuditFilter(actor=actor)) == list(range(29, -1, -1))
    assert numbers(AuditFilter(action="login")) == list(range(88, -1, -3))
    assert numbers(AuditFilter(action="transfer.failed")) == list(range(89, -1, -3))
    assert numbers(AuditFilter(action="login", actor=actor)) == list(range(28, -1, -3))
    hour = AuditFilter(since=begin + timedelta(minutes=10), until=begin + timedelta(minutes=20))
    assert numbers(hour) == list(range(19, 9, -1))


@pytest.mark.parametrize(
    "action", ["funding", "funding/", "transfer", "transfer/", "a", "zzz", "funding.", "transfer."]
)
def test_any_word_may_be_an_action(bank_db: object, action: str) -> None:
    books().audit.insert_one(audit_document(action=action, status=SUCCESS, origin=ORIGIN, subject=None))
    assert [record.action for record in audit_page(wanted=AuditFilter(action=action)).records] == [action]
