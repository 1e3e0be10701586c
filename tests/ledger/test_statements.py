"""Statements against the raw entries: they add up over any histories, and nothing that comes meanwhile is in them."""

import itertools
import random
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from bson.int64 import Int64
from django.core.management import call_command
from pymongo.database import Database

from ledger import statements
from ledger.accounts import account_get, system_account_id
from ledger.posting import post
from ledger.records import CREDIT, Account
from ledger.rules import Instruction, Outcome
from ledger.statements import BooksDisagree, Statement, statement_entries, statement_of
from ledger.store import books
from tests.ledger.conftest import ORIGIN, Opener, send
from tests.profiler import watched

START = datetime(2026, 1, 1, tzinfo=UTC)
ALWAYS = (START - timedelta(days=1), START + timedelta(days=400))


def history(accounts: Sequence[Account], seed: int, length: int = 60) -> None:
    """Post fundings and payments between the accounts at random times, some at the same moment, from `START` on."""
    chance, moment = random.Random(seed), START  # noqa: S311 - histories, not secrets
    system = system_account_id(accounts[0].currency)
    balances = {account.id: 0 for account in accounts}
    batch = []
    for number in range(length):
        moment += timedelta(minutes=chance.choice([0, 0, 1, 700, 3_000]))
        payer, payee = chance.sample(list(accounts), 2)
        is_funding = not balances[payer.id] or chance.random() < 0.3
        amount = chance.randint(1, 9_000 if is_funding else min(9_000, balances[payer.id]))
        balances[payee.id] += amount
        balances[payer.id] -= 0 if is_funding else amount
        sender, owner = (system, None) if is_funding else (payer.id, payer.owner)
        batch.append(
            Instruction(
                sender, payee.id, amount, payee.currency, "FUNDING" if is_funding else "TRANSFER",
                "", f"{seed}-{number}", owner, ORIGIN, at=moment,
            )
        )  # fmt: skip
    answers = post(batch)
    assert all(isinstance(answer, Outcome) for answer in answers), (seed, answers)


def raw(account: Account, since: datetime, until: datetime) -> list[dict[str, Any]]:
    """Return the entries of a stretch of time as the database has them, oldest first."""
    return [
        entry
        for entry in books().entries.find({"account": account.id}).sort("seq", 1)
        if since <= entry["created_at"] < until
    ]


def signed(entries: Sequence[dict[str, Any]]) -> int:
    return sum(entry["amount_minor"] * (1 if entry["direction"] == CREDIT else -1) for entry in entries)


def check(account: Account, since: datetime, until: datetime, said: str) -> Statement:
    """Compare a statement with sums over the raw entries, which know nothing of running balances."""
    statement = statement_of(account=account, since=since, until=until)
    before, inside = raw(account, ALWAYS[0], since), raw(account, since, until)
    assert statement.opening_minor == signed(before), said
    assert statement.closing_minor == signed(before) + signed(inside), said
    assert statement.money_in_minor == sum(e["amount_minor"] for e in inside if e["direction"] == CREDIT), said
    assert statement.money_out_minor == sum(e["amount_minor"] for e in inside if e["direction"] != CREDIT), said
    assert statement.count == len(inside), said
    listed = [entry for some in statement_entries(statement) for entry in some]
    assert [entry.id for entry in listed] == [entry["_id"] for entry in inside], said
    balance = statement.opening_minor
    for entry in listed:
        balance += entry.amount_minor if entry.direction == CREDIT else -entry.amount_minor
        assert entry.balance_after_minor == balance, said
    return statement


@pytest.fixture
def odd_currencies(bank_db: Database[dict[str, Any]], settings: Any) -> None:
    """The bank offers currencies of no decimals and of three."""
    settings.CURRENCIES = [*settings.CURRENCIES, "JPY", "KWD"]
    call_command("migrate", verbosity=0)


@pytest.mark.usefixtures("odd_currencies")
@pytest.mark.parametrize("currency", ["INR", "JPY", "KWD"])
@pytest.mark.parametrize("seed", range(4))
def test_statements_of_any_history_and_period_add_up(
    open_account: Opener, monkeypatch: pytest.MonkeyPatch, currency: str, seed: int
) -> None:
    monkeypatch.setattr(statements, "BATCH", 7)
    accounts = [open_account(currency=currency) for _ in range(3)]
    history(accounts, seed)
    chance = random.Random(seed)  # noqa: S311
    everybody = [*(account.id for account in accounts), system_account_id(currency)]
    for account in map(account_get, everybody):
        for _ in range(4):
            # Also between entries, at one's very moment, and beyond both ends.
            bounds = sorted(START + timedelta(minutes=chance.randint(-3_000, 60_000)) for _ in range(2))
            check(account, bounds[0], bounds[1], f"seed {seed}, {bounds}")
        moments = [entry["created_at"] for entry in raw(account, *ALWAYS)] or [START]
        check(account, chance.choice(moments), max(moments), f"seed {seed}, at the moments themselves")
    assert account_get(system_account_id(currency)).balance_minor < 0


def test_consecutive_statements_continue_each_other(open_account: Opener) -> None:
    accounts = [open_account() for _ in range(2)]
    history(accounts, seed=9)
    account = account_get(accounts[0].id)
    days = [START + timedelta(days=5 * number) for number in range(12)]
    made = [check(account, since, until, "months") for since, until in itertools.pairwise(days)]
    assert all(one.closing_minor == other.opening_minor for one, other in itertools.pairwise(made))
    whole = statement_of(account=account, since=days[0], until=days[-1])
    assert sum(one.money_in_minor for one in made) == whole.money_in_minor
    assert sum(one.count for one in made) == whole.count


def test_what_is_posted_while_a_statement_is_read_is_not_in_it(
    open_account: Opener, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(statements, "BATCH", 2)
    payer, payee = open_account(100), open_account()
    for number in range(5):
        send(payer, payee, 1, f"before-{number}")
    account = account_get(payee.id)
    send(payer, payee, 1, "between")
    statement = statement_of(account=account, since=ALWAYS[0], until=datetime.now(UTC) + timedelta(days=1))
    assert (statement.count, statement.closing_minor) == (5, 500)
    listed = []
    for number, some in enumerate(statement_entries(statement)):
        listed += some
        send(payer, payee, 1, f"meanwhile-{number}")
    assert [entry.balance_after_minor for entry in listed] == [100, 200, 300, 400, 500]
    assert account_get(payee.id).balance_minor == 900


def test_a_period_before_all_or_after_all_is_empty(open_account: Opener) -> None:
    account = open_account(30)
    old, late = START - timedelta(days=9), datetime.now(UTC) + timedelta(days=9)
    before = statement_of(account=account, since=old, until=old + timedelta(days=1))
    after = statement_of(account=account, since=late, until=late + timedelta(days=1))
    assert (before.count, before.opening_minor, before.closing_minor) == (0, 0, 0)
    assert (after.count, after.opening_minor, after.closing_minor, after.money_in_minor) == (0, 3_000, 3_000, 0)
    assert list(statement_entries(after)) == []


def test_a_damaged_ledger_gives_no_statement(
    open_account: Opener, owner_db: Database[dict[str, Any]], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(statements, "BATCH", 2)
    payer, payee = open_account(100), open_account()
    for number in range(5):
        send(payer, payee, 1, f"{number}")
    statement = statement_of(account=account_get(payee.id), since=ALWAYS[0], until=datetime.now(UTC))
    entries = owner_db["ledger_entries"]
    entries.update_one({"account": payee.id, "seq": 3}, {"$set": {"amount_minor": Int64(101)}})
    with pytest.raises(BooksDisagree):
        list(statement_entries(statement))
    entries.delete_many({"account": payee.id, "seq": {"$gte": 3}})
    with pytest.raises(BooksDisagree):
        list(statement_entries(statement))


def test_the_sums_cost_the_same_however_long_the_statement_is(
    open_account: Opener, ledger_db: Database[dict[str, Any]]
) -> None:
    payer, payee = open_account(100), open_account()
    costs = []
    for number in range(40):
        send(payer, payee, 1, f"{number}")
        if number in {0, 39}:
            account = account_get(payee.id)
            with watched(ledger_db) as operations:
                statement_of(account=account, since=ALWAYS[0], until=datetime.now(UTC) + timedelta(days=1))
            costs.append([(one.kind, one.documents <= 2) for one in operations if one.is_read])
    assert costs == [[("find", True)] * 3] * 2
