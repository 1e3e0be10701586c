"""Days are kept once they are over, by whoever comes first, as they stood then."""

import threading
from datetime import UTC, date, datetime, timedelta
from typing import Any

import pytest
from pymongo.database import Database
from pymongo.errors import WriteError

from accounts.models import User
from banking import day_records, jobs
from banking.day_records import Day, days
from banking.selectors import days as selectors
from banking.selectors.days import day_count, days_forget, days_kept, days_missing, days_unfinished, first_day, is_over
from banking.selectors.overview import by_day, by_month
from banking.services.days import days_fill
from ledger.accounts import account_get, account_open, system_account_id
from ledger.audit import COMMAND
from ledger.posting import post
from ledger.records import Account
from ledger.rules import Instruction
from ledger.store import books
from tests.profiler import watched

NOON = datetime(2026, 8, 20, 12, tzinfo=UTC)
TODAY = NOON.date()
BANK_BEGAN = TODAY - timedelta(days=40)


def clock_at(monkeypatch: pytest.MonkeyPatch, moment: datetime) -> None:
    monkeypatch.setattr(selectors, "now", lambda: moment)
    days_forget()


@pytest.fixture(autouse=True)
def noon(monkeypatch: pytest.MonkeyPatch) -> None:
    clock_at(monkeypatch, NOON)


@pytest.fixture
def books_of_weeks(bank_db: Database[dict[str, Any]]) -> tuple[Account, Account]:
    """A transfer of one rupee each day at noon and one that fails, for forty days and today; people on the first."""
    begin = NOON - timedelta(days=40)
    people = [
        User(email=f"p{number}@example.com", first_name="Pat", last_name="Person", password="x") for number in range(2)
    ]
    for person in people:
        person.created_at = begin
    User.objects.bulk_create(people)
    User.objects.update(created_at=begin)
    one, two = (account_open(owner=person.pk, currency="INR", origin=COMMAND) for person in people)
    funding = (system_account_id("INR"), one.id, 10**6, "INR", "FUNDING", "", "fund")
    instructions = [Instruction(*funding, None, COMMAND, at=begin - timedelta(hours=1))]
    instructions += [
        Instruction(
            one.id,
            two.id,
            amount,
            "INR",
            "TRANSFER",
            "",
            f"{number}-{amount}",
            one.owner,
            COMMAND,
            at=begin + timedelta(days=number),
        )
        for number in range(41)
        for amount in (100, 10**8)
    ]
    post(instructions)
    return account_get(one.id), account_get(two.id)


def usual(day: date) -> Day:
    return Day(day, 2, 1, {"INR": 100}, 0)


def test_missing_days_are_kept_newest_first(books_of_weeks: object) -> None:
    first = first_day()
    assert first == BANK_BEGAN
    assert not days_fill(first=first, most=3, seconds=5)
    yesterday = TODAY - timedelta(days=1)
    assert sorted(days_kept(first)) == [yesterday - timedelta(days=number) for number in (2, 1, 0)]
    assert days_fill(first=first, most=100, seconds=30)
    kept = days_kept(first)
    assert len(kept) == 40
    assert kept[first] == Day(first, 3, 1, {"INR": 100}, 2)
    assert all(one == usual(day) for day, one in kept.items() if day != first)
    assert days_missing(first) == []


def test_a_day_is_not_kept_before_it_is_over(books_of_weeks: object, monkeypatch: pytest.MonkeyPatch) -> None:
    days_fill(first=TODAY, most=10, seconds=5)
    midnight = datetime(2026, 8, 21, tzinfo=UTC)
    for moment in (midnight - timedelta(seconds=1), midnight, midnight + timedelta(minutes=9)):
        clock_at(monkeypatch, moment)
        assert not is_over(TODAY)
        days_fill(first=TODAY, most=10, seconds=5)
        assert days_kept(TODAY) == {}
        # What cannot be kept yet is shown all the same.
        assert days_unfinished()[TODAY] == usual(TODAY)
    clock_at(monkeypatch, midnight + timedelta(minutes=10))
    days_fill(first=TODAY, most=10, seconds=5)
    assert days_kept(TODAY) == {TODAY: usual(TODAY)}
    assert TODAY not in days_unfinished()


def test_what_is_kept_stays_as_it_stood(books_of_weeks: tuple[Account, Account]) -> None:
    day = TODAY - timedelta(days=3)
    days_fill(first=day, most=1_000, seconds=5)
    one, two = books_of_weeks
    late = (one.id, two.id, 10**8, "INR", "TRANSFER", "", "late", one.owner)
    post([Instruction(*late, COMMAND, at=NOON - timedelta(days=3))])
    recount = day_count(day, seconds=5)
    assert recount is not None
    assert (recount.transactions, recount.failed) == (3, 2)
    days_fill(first=day, most=1_000, seconds=5)
    assert days_kept(day)[day] == usual(day)


def test_several_at_once_agree(books_of_weeks: object) -> None:
    first, results, ready = first_day(), [], threading.Barrier(4)

    def fill() -> None:
        ready.wait(10)
        results.append(days_fill(first=first, most=1_000, seconds=30))

    threads = [threading.Thread(target=fill) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(30)
    assert results == [True] * 4
    assert len(days_kept(first)) == days().count_documents({}) == 40


def test_without_time_a_day_stays_a_gap(books_of_weeks: object) -> None:
    assert not days_fill(first=first_day(), most=100, seconds=0)
    assert days_kept(first_day()) == {}
    stretches = by_day(days_unfinished())
    assert [one.stats for one in stretches[:-1]] == [None] * 29
    assert stretches[-1].stats is not None
    # Of August a day is missing, so nothing is said of it.
    assert by_month(days_unfinished())[-1].stats is None


def test_days_and_months_add_up(books_of_weeks: object) -> None:
    days_fill(first=first_day(), most=100, seconds=30)
    daily, monthly = by_day(days_unfinished()), by_month(days_unfinished())
    assert [one.first for one in daily] == [TODAY - timedelta(days=back) for back in range(29, -1, -1)]
    assert {one.stats.transactions for one in daily if one.stats} == {2}
    assert [one.first.month for one in monthly] == [9, 10, 11, 12, 1, 2, 3, 4, 5, 6, 7, 8]
    assert [one.stats for one in monthly[:-2]] == [None] * 10
    july, august = monthly[-2:]
    assert july.stats is not None
    assert august.stats is not None
    everything = books().transactions
    assert july.stats.transactions + august.stats.transactions == everything.count_documents({}) == 83
    assert (july.people, august.people) == (2, 0)
    assert august.stats.volume_minor == {"INR": 20 * 100}
    assert august.stats.failed == 20


def test_the_worker_catches_up_some_days_at_a_time(books_of_weeks: object) -> None:
    pauses = [jobs.days_keep() for _ in range(4)]
    assert len(days_kept(BANK_BEGAN)) == 40
    assert pauses[-1] == 300
    assert all(pause < 300 for pause in pauses[:3])


def test_a_bank_of_years_counts_no_further_back_than_is_shown(bank_db: object) -> None:
    User.objects.create(email="old@example.com", first_name="Old", last_name="Person", password="x")
    User.objects.update(created_at=NOON - timedelta(days=2_000))
    assert first_day() == TODAY - timedelta(days=2_000)
    while jobs.days_keep() < 300:
        pass
    assert days().count_documents({}) == 400


def test_a_day_costs_what_happened_on_it(books_of_weeks: object, bank_db: Database[dict[str, Any]]) -> None:
    with watched(bank_db) as operations:
        assert day_count(TODAY, seconds=5) == usual(TODAY)
    assert len(operations) == 2
    assert max(max(one.documents, one.keys) for one in operations) <= 3


def test_what_is_not_over_is_not_counted_for_every_page(
    books_of_weeks: object, bank_db: Database[dict[str, Any]]
) -> None:
    days_unfinished()
    with watched(bank_db) as operations:
        days_unfinished()
    assert operations == []


@pytest.mark.parametrize(
    "change",
    [{"transactions": 1}, {"people": None}, {"more": 1}, {"volume_minor": {"INR": 1.5}}, {"_id": "yesterday"}],
)
def test_the_database_refuses_what_is_no_day(bank_db: object, change: dict[str, Any]) -> None:
    day = usual(TODAY)
    with pytest.raises(WriteError):
        days().insert_one({"_id": day.name, **day.figures, **change})


def test_a_day_ends_at_midnight_in_utc() -> None:
    assert day_records.begin_of(TODAY) == datetime(2026, 8, 20, tzinfo=UTC)
    assert day_records.end_of(TODAY) == datetime(2026, 8, 21, tzinfo=UTC)
