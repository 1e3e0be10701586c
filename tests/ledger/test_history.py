"""History by page and by cursor, balances now and then, what became of a key."""

from collections import Counter
from datetime import UTC, date, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from bson.objectid import ObjectId

from ledger.accounts import account_get
from ledger.errors import CursorInvalid, RequestInvalid, TransactionNotFound
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
    transaction_get_for_account,
)
from ledger.posting import post
from ledger.records import Account, now
from ledger.rules import Instruction, Outcome
from ledger.stats import ledger_stats
from ledger.store import books
from tests.ledger.conftest import ORIGIN, Opener, attempt, send

START = datetime(2026, 1, 1, 9, tzinfo=UTC)


@pytest.fixture
def story(open_account: Opener) -> tuple[Account, Account, Account]:
    """Sixty payments of 1 to 60 from the first account, one a day, to the other two in turn."""
    payer, even, odd = open_account(), open_account(), open_account()
    system = Instruction(_system(), payer.id, 1_000_000, "INR", "FUNDING", "", "seed", None, ORIGIN, at=START)
    payments = [
        Instruction(
            payer.id,
            (odd if day % 2 else even).id,
            day * 100,
            "INR",
            "TRANSFER",
            f"Day {day}" + (" (special.*)" if day == 7 else ""),
            f"day-{day}",
            payer.owner,
            ORIGIN,
            at=START + timedelta(days=day),
        )
        for day in range(1, 61)
    ]
    assert all(isinstance(answer, Outcome) for answer in post([system, *payments]))
    return account_get(payer.id), account_get(even.id), account_get(odd.id)


def _system() -> ObjectId:
    from ledger.accounts import system_account_id

    return system_account_id("INR")


def seqs(page: Any) -> list[int]:
    return [entry.seq for entry in page.entries]


def test_pages_are_newest_first_and_complete(story: tuple[Account, ...]) -> None:
    payer = story[0]
    pages = [entries_page(account=payer, page=number, limit=25) for number in (1, 2, 3, 4)]
    assert [len(page.entries) for page in pages] == [25, 25, 11, 0]
    assert [seq for page in pages for seq in seqs(page)] == list(range(61, 0, -1))
    assert [page.has_next for page in pages] == [True, True, False, False]
    assert {page.total for page in pages} == {61}


def test_the_cursor_walks_all_without_drifting(story: tuple[Account, ...]) -> None:
    payer, even, _ = story
    page = entries_page(account=payer, limit=20)
    send(payer, even, 1, "meanwhile")
    found = seqs(page)
    while page.next_cursor:
        page = entries_page(account=account_get(payer.id), cursor=page.next_cursor, limit=20)
        found += seqs(page)
    assert found == list(range(61, 0, -1))


@pytest.mark.parametrize(
    "cursor", ["x", "!!!!", "c2VxOi01", "c2VxOjk5OTk5OTk5OTk5OTk5OTk5OTk5OTk", "é", "a" * 500, "AAA="]
)
def test_a_cursor_of_another_make_is_refused(story: tuple[Account, ...], cursor: str) -> None:
    with pytest.raises(CursorInvalid):
        entries_page(account=story[0], cursor=cursor)


def test_the_limit_is_bounded(story: tuple[Account, ...]) -> None:
    assert len(entries_page(account=story[0], limit=10_000).entries) == 50
    assert len(entries_page(account=story[0], limit=-3).entries) == 1
    assert entries_page(account=story[0], page=999_999_999).entries == []


@pytest.mark.parametrize(
    ("wanted", "days"),
    [
        (EntryFilter(since=START + timedelta(days=58)), [60, 59, 58]),
        (EntryFilter(until=START + timedelta(days=3)), [2, 1, 0]),
        (EntryFilter(since=START + timedelta(days=4), until=START + timedelta(days=6)), [5, 4]),
        (EntryFilter(min_minor=5_900, max_minor=6_000), [60, 59]),
        (EntryFilter(direction="CREDIT"), [0]),
        (EntryFilter(direction="DEBIT", max_minor=200), [2, 1]),
        (EntryFilter(words="SPECIAL.*"), [7]),
        (EntryFilter(words=".*"), [7]),
        (EntryFilter(words="day 6"), [60, 6]),
        (EntryFilter(words="nothing like it"), []),
        (EntryFilter(words="day\x00 60"), [60]),
    ],
)
def test_filters(story: tuple[Account, ...], wanted: EntryFilter, days: list[int]) -> None:
    page = entries_page(account=story[0], filters=wanted)
    assert [(entry.created_at - START).days for entry in page.entries] == days
    assert page.total == len(days)


def test_words_also_find_counterparties(story: tuple[Account, ...]) -> None:
    payer, even, _ = story
    page = entries_page(account=payer, filters=EntryFilter(words="zzz", counterparties=[even.id]), limit=50)
    assert page.total == 30
    assert {entry.counterparty for entry in page.entries} == {even.id}


def test_a_filtered_history_pages_and_walks(story: tuple[Account, ...]) -> None:
    payer = story[0]
    wanted = EntryFilter(direction="DEBIT")
    first = entries_page(account=payer, filters=wanted, limit=40)
    second = entries_page(account=payer, filters=wanted, limit=40, page=2)
    walked = entries_page(account=payer, filters=wanted, limit=40, cursor=first.next_cursor)
    assert seqs(second) == seqs(walked) == list(range(21, 1, -1))


@pytest.fixture
def short_search(monkeypatch: pytest.MonkeyPatch) -> None:
    """A filtered history reads ten entries for a request."""
    monkeypatch.setattr("ledger.history.MOST_EXAMINED", 10)


@pytest.mark.usefixtures("short_search")
def test_a_filtered_search_stops_at_its_bound_and_goes_on_from_there(story: tuple[Account, ...]) -> None:
    payer = story[0]
    page = entries_page(account=payer, filters=EntryFilter(direction="CREDIT"))
    parts = [page]
    while page.next_cursor:
        assert (page.total, page.is_cut, page.has_next) == (None, True, True)
        page = entries_page(account=payer, filters=EntryFilter(direction="CREDIT"), cursor=page.next_cursor)
        parts.append(page)
    assert [seqs(part) for part in parts] == [[], [], [], [], [], [], [1]]
    assert not page.is_cut


@pytest.mark.usefixtures("short_search")
def test_a_search_in_parts_finds_each_entry_once(story: tuple[Account, ...]) -> None:
    payer, even, _ = story
    wanted = EntryFilter(words="zzz", counterparties=[even.id])
    page = entries_page(account=payer, filters=wanted, limit=3)
    found = seqs(page)
    while page.next_cursor:
        page = entries_page(account=payer, filters=wanted, limit=3, cursor=page.next_cursor)
        found += seqs(page)
    assert found == list(range(61, 1, -2))


@pytest.mark.usefixtures("short_search")
def test_a_filter_within_the_bound_is_counted_exactly(story: tuple[Account, ...]) -> None:
    week = EntryFilter(since=START + timedelta(days=51), direction="DEBIT", max_minor=5_500)
    page = entries_page(account=story[0], filters=week, limit=2)
    assert (page.total, seqs(page), page.is_cut) == (5, [56, 55], False)
    assert entries_page(account=story[0], filters=EntryFilter(since=START)).total == 61


@pytest.mark.usefixtures("short_search")
def test_page_numbers_of_a_filtered_history_end_at_the_bound(story: tuple[Account, ...]) -> None:
    payer, wanted = story[0], EntryFilter(direction="DEBIT")
    pages = [entries_page(account=payer, filters=wanted, limit=4, page=number) for number in (1, 2, 3)]
    assert [len(page.entries) for page in pages] == [4, 4, 2]
    assert [page.is_cut for page in pages] == [False, False, True]
    with pytest.raises(RequestInvalid, match="go on with the cursor"):
        entries_page(account=payer, filters=wanted, limit=4, page=4)
    last = entries_page(account=payer, filters=wanted, limit=4, cursor=pages[2].next_cursor)
    assert seqs(last) == [51, 50, 49, 48]


def test_the_balance_at_any_past_time(story: tuple[Account, ...]) -> None:
    payer = story[0]
    assert balance_at(account=payer, at=START - timedelta(seconds=1)) == 0
    assert balance_at(account=payer, at=START) == 1_000_000
    assert balance_at(account=payer, at=START + timedelta(days=2)) == 1_000_000 - 300
    assert balance_at(account=payer, at=now()) == payer.balance_minor == 1_000_000 - 183_000


def test_entries_never_go_back_in_time_whatever_the_clock_says(story: tuple[Account, ...]) -> None:
    payer, even, _ = story
    late = Instruction(
        payer.id, even.id, 100, "INR", "TRANSFER", "", "late", payer.owner, ORIGIN, at=START - timedelta(days=9)
    )
    post([late])
    newest, before = entries_page(account=account_get(payer.id), limit=2).entries
    assert newest.created_at == before.created_at


def test_the_series_ends_with_todays_balance(open_account: Opener) -> None:
    one, two = open_account(100), open_account()
    send(one, two, 30, "k")
    series = balance_series(account=account_get(one.id), days=30, zone=ZoneInfo("Asia/Kolkata"))
    assert len(series) == 30
    assert series[-1][1] == 7000
    assert series[0][1] == 0


def test_the_series_carries_a_quiet_days_balance_on(story: tuple[Account, ...]) -> None:
    days = (now() - START).days + 10
    by_day = dict(balance_series(account=story[0], days=days))
    assert by_day[(START + timedelta(days=1)).date()] == 1_000_000 - 100
    assert by_day[(START + timedelta(days=200)).date()] == story[0].balance_minor
    assert by_day[(START - timedelta(days=1)).date()] == 0


def test_a_series_by_weeks_has_the_same_balances(story: tuple[Account, ...]) -> None:
    days = (now() - START).days + 10
    by_day = dict(balance_series(account=story[0], days=days))
    by_week = balance_series(account=story[0], days=days, every=7)
    assert len(by_week) == -(-days // 7)
    assert by_week[-1] == (now().date(), story[0].balance_minor)
    assert all(by_day[day] == balance for day, balance in by_week)


def this_month(account: Account) -> tuple[int, int]:
    (flow,) = month_flows(account=account, months=1)
    assert flow.first == now().date().replace(day=1)
    return flow.in_minor, flow.out_minor


def test_the_month_adds_up(open_account: Opener) -> None:
    one, two = open_account(100), open_account()
    send(one, two, 30, "k")
    send(two, one, 5, "k")
    assert this_month(account_get(one.id)) == (10_500, 3_000)


def test_what_was_before_the_month_does_not_count(story: tuple[Account, ...]) -> None:
    payer, even, _ = story
    assert this_month(payer) == (0, 0)
    send(payer, even, 5, "this-month")
    assert this_month(account_get(payer.id)) == (0, 500)
    assert this_month(account_get(even.id)) == (500, 0)


def test_every_entry_is_in_its_month(story: tuple[Account, ...]) -> None:
    zone = ZoneInfo("America/Sao_Paulo")
    months = (now() - START).days // 28 + 2
    for account in story:
        expected: Counter[tuple[date, str]] = Counter()
        for entry in books().entries.find({"account": account.id}):
            first = entry["created_at"].astimezone(zone).date().replace(day=1)
            expected[first, entry["direction"]] += entry["amount_minor"]
        found: Counter[tuple[date, str]] = Counter()
        for flow in month_flows(account=account, months=months, zone=zone):
            found[flow.first, "CREDIT"], found[flow.first, "DEBIT"] = flow.in_minor, flow.out_minor
        assert +found == expected


def test_months_go_back_over_the_turn_of_a_year(open_account: Opener) -> None:
    firsts = [flow.first for flow in month_flows(account=open_account(), months=25)]
    today = now().date()
    assert firsts[-1] == today.replace(day=1)
    assert firsts[0] == date(today.year - 2, today.month, 1)
    assert len(set(firsts)) == 25


def test_who_was_paid_last_comes_first(story: tuple[Account, ...]) -> None:
    payer, even, odd = story
    assert recent_counterparties(account=payer, limit=5) == [even.id, odd.id]
    assert recent_counterparties(account=even, limit=5) == []


def test_who_was_paid_is_looked_for_among_the_last_entries_only(
    story: tuple[Account, ...], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("ledger.history._RECENT", 1)
    assert recent_counterparties(account=story[0], limit=5) == [story[1].id]


def test_what_became_of_a_key(story: tuple[Account, ...]) -> None:
    assert transaction_by_key(account=story[0], key="day-7").amount_minor == 700
    with pytest.raises(TransactionNotFound):
        transaction_by_key(account=story[1], key="day-7")


def test_a_transaction_is_seen_by_both_sides_and_by_nobody_else(open_account: Opener) -> None:
    one, two, three = open_account(10), open_account(), open_account()
    done = send(one, two, 5, "k").transaction
    assert transaction_get_for_account(account=one, transaction_id=done.id) == done
    assert transaction_get_for_account(account=two, transaction_id=done.id) == done
    entry = entry_of(account=two, transaction_id=done.id)
    assert entry is not None
    assert entry.direction == "CREDIT"
    with pytest.raises(TransactionNotFound):
        transaction_get_for_account(account=three, transaction_id=done.id)


def test_a_receiver_never_sees_what_failed(open_account: Opener) -> None:
    one, two = open_account(1), open_account()
    failed = attempt(one, two, 5, "k").transaction
    assert failed_transactions(account=one) == [failed]
    assert failed_transactions(account=two) == []
    assert transaction_get_for_account(account=one, transaction_id=failed.id) == failed
    with pytest.raises(TransactionNotFound):
        transaction_get_for_account(account=two, transaction_id=failed.id)


def test_stats_count_and_add_up(open_account: Opener) -> None:
    one, two = open_account(100), open_account(5, "USD")
    send(one, open_account(), 30, "a")
    attempt(one, two, 1, "b")
    stats = ledger_stats()
    assert (stats.transactions, stats.failed) == (4, 1)
    assert stats.volume_minor == {"INR": 3000}
