"""What happened in a stretch of time: the aggregate says what the documents say, and nothing of other times."""

import random
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from bson.objectid import ObjectId
from pymongo.database import Database

from ledger.accounts import account_close, account_freeze, account_open, system_account_id
from ledger.audit import COMMAND
from ledger.days import first_transaction_at, stats_between
from ledger.posting import post
from ledger.rules import Instruction
from ledger.stats import accounts_by_state, ledger_stats, stats_of
from ledger.store import books

BEGIN = datetime(2026, 3, 1, tzinfo=UTC)
DAYS = 9


@pytest.fixture
def busy(bank_db: Database[dict[str, Any]]) -> int:
    """Fundings, transfers and refused ones at random moments of some days, in two currencies; returns the seed."""
    seed = random.randrange(10**6)  # noqa: S311 - printed, to repeat what fails
    chance = random.Random(seed)  # noqa: S311 - no secret
    pairs = {
        currency: [account_open(owner=ObjectId(), currency=currency, origin=COMMAND) for _ in range(2)]
        for currency in ("INR", "EUR")
    }
    instructions = []
    for currency, (one, two) in pairs.items():
        funding = (system_account_id(currency), one.id, 10**7, currency, "FUNDING", "", f"fund-{currency}")
        instructions.append(Instruction(*funding, None, COMMAND, at=BEGIN))
        for number in range(60):
            amount = 10**9 if chance.random() < 0.2 else chance.randint(1, 10**4)
            at = BEGIN + timedelta(days=DAYS) * chance.random()
            key = f"{currency}-{number}"
            instructions.append(
                Instruction(one.id, two.id, amount, currency, "TRANSFER", "", key, one.owner, COMMAND, at=at)
            )
    post(instructions)
    return seed


def test_each_day_is_what_its_documents_say(busy: int) -> None:
    everything = list(books().transactions.find())
    counted = 0
    for number in range(-1, DAYS + 1):
        since = BEGIN + timedelta(days=number)
        until = since + timedelta(days=1)
        expected = stats_of(one for one in everything if since <= one["created_at"] < until)
        found = stats_between(since=since, until=until, seconds=5)
        assert found == expected, f"seed {busy}"
        counted += expected.transactions
    assert counted == len(everything) == 122


def test_all_days_together_are_the_counters(busy: int) -> None:
    found = stats_between(since=BEGIN, until=BEGIN + timedelta(days=DAYS), seconds=5)
    assert found == ledger_stats(), f"seed {busy}"
    assert found is not None
    assert found.failed > 0
    assert set(found.volume_minor) == {"INR", "EUR"}


def test_the_first_transaction_is_found(bank_db: Database[dict[str, Any]], request: pytest.FixtureRequest) -> None:
    assert first_transaction_at() is None
    request.getfixturevalue("busy")
    assert first_transaction_at() == BEGIN


def test_accounts_are_counted_by_state(bank_db: Database[dict[str, Any]]) -> None:
    assert accounts_by_state() == {"ACTIVE": 0}
    accounts = [account_open(owner=ObjectId(), currency="INR", origin=COMMAND) for _ in range(6)]
    for account in accounts[:2]:
        account_freeze(account_id=account.id, reason="", origin=COMMAND)
    account_close(account_id=accounts[5].id, reason="", origin=COMMAND)
    assert accounts_by_state() == {"ACTIVE": 3, "FROZEN": 2, "CLOSED": 1}
