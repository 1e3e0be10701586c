"""A bank with some thousand entries, made once: large enough to see whether a read grows with it."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from bson.objectid import ObjectId
from pymongo.database import Database

from accounts.models import User
from ledger.accounts import (
    account_freeze,
    account_get,
    account_open,
    system_account_id,
)
from ledger.audit import SUCCESS, Origin, audit_document
from ledger.posting import MAX_BATCH, post
from ledger.records import Account, now
from ledger.rules import Instruction, Outcome
from ledger.store import books

PEOPLE = 300
PAYERS = 12
PAYMENTS = 3_000
ORIGIN = Origin(actor=None, address="127.0.0.1", surface="command")


@dataclass
class LargeBank:
    """Several accounts with some thousand entries, nearly half of them on one.

    Args:
        hub: the busiest account; it pays and is paid.
        quiet: an account that was only ever paid.
        paid: a completed transaction of the hub.
    """

    database: Database[dict[str, Any]]
    hub: Account
    quiet: Account
    paid: ObjectId
    owners: list[ObjectId]
    begin: datetime


def large_bank_make(database: Database[dict[str, Any]]) -> LargeBank:
    """Fill an empty database."""
    users = [
        User(email=f"p{number}@example.com", first_name=f"Many{number}", last_name="Person", password="x")
        for number in range(PEOPLE)
    ]
    User.objects.bulk_create(users)
    accounts = [account_open(owner=user.pk, currency="INR", origin=ORIGIN) for user in users[:PAYERS]]
    begin = now() - timedelta(days=60)
    outcomes = _posted([*_fundings(accounts, begin), *_payments(accounts, begin)])
    records = [
        audit_document(action="login", status=SUCCESS, origin=ORIGIN, subject=user.pk, at=begin) for user in users
    ]
    books().audit.insert_many(records)
    account_freeze(account_id=accounts[-1].id, reason="", origin=ORIGIN)
    hub, quiet = account_get(accounts[0].id), account_get(accounts[-1].id)
    assert hub.seq > 2_500
    assert outcomes[-1].transaction.sender == hub.id
    return LargeBank(database, hub, quiet, outcomes[-1].transaction.id, [user.pk for user in users[:PAYERS]], begin)


def _fundings(accounts: list[Account], at: datetime) -> Iterator[Instruction]:
    system = system_account_id("INR")
    for account in accounts:
        yield Instruction(system, account.id, 10**9, "INR", "FUNDING", "", f"fund-{account.id}", None, ORIGIN, at=at)


def _payments(accounts: list[Account], begin: datetime) -> Iterator[Instruction]:
    """Payments between the hub and the others in turn, one in fifty too large; the last account only receives."""
    hub, *others = accounts
    step = (now() - begin) / (PAYMENTS + 1)
    for number in range(1, PAYMENTS + 1):
        other = others[number % len(others)]
        to_hub = number % 2 == 1 and other is not others[-1]
        sender, receiver = (other, hub) if to_hub else (hub, other)
        amount = 10**8 if number % 50 == 25 else 100 + number % 1_000
        yield Instruction(
            sender.id,
            receiver.id,
            amount,
            "INR",
            "TRANSFER",
            f"Payment {number}",
            f"key-{number}",
            sender.owner,
            ORIGIN,
            at=begin + step * number,
        )


def _posted(instructions: list[Instruction]) -> list[Outcome]:
    answers = [
        answer
        for first in range(0, len(instructions), MAX_BATCH)
        for answer in post(instructions[first : first + MAX_BATCH])
    ]
    return [answer for answer in answers if isinstance(answer, Outcome)]
