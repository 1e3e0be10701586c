"""The demo bank: a dozen people and half a year of their payments, all of it posted like any other money.

The same random seed each time and a key for every payment make filling repeatable: stopped half-way, it goes on where
it was. The passwords are public, so production refuses it.
"""

import random
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from bson.objectid import ObjectId
from pymongo.collection import Collection

from accounts.errors import EmailTaken
from accounts.models import User
from accounts.selectors import user_by_email
from accounts.services import admin_create, system_user_create, user_register
from banking.origin import command_origin
from banking.services.customers import opening_balance_minor
from ledger.accounts import account_open, accounts_of_owner, system_account_id
from ledger.errors import AccountExists
from ledger.money import parse_amount
from ledger.posting import MAX_BATCH, post
from ledger.records import FUNDING, PIX, TRANSFER, Account, now
from ledger.rules import Instruction
from ledger.store import database

PASSWORD = "open-sesame"  # noqa: S105 - public on purpose, for the demo alone
DAYS = 182
_SEED = 1252  # the year in which the first gold florin was struck
_CURRENCY = "INR"
_MARK = {"_id": "filled"}

ADMIN, SYSTEM = "ada@florin.example", "system@florin.example"
PEOPLE = [
    ("Asha", "Rao", "asha@florin.example"),
    ("Bruno", "Silva", "bruno@florin.example"),
    ("Chitra", "Menon", "chitra@florin.example"),
    ("Dev", "Kapoor", "dev@florin.example"),
    ("Elena", "Rossi", "elena@florin.example"),
    ("Farid", "Khan", "farid@florin.example"),
    ("Grace", "Thomas", "grace@florin.example"),
    ("Harish", "Iyer", "harish@florin.example"),
]
# Who pays the salaries, lets the flats, sells the bread and the tickets.
EMPLOYER, LANDLORD, GROCER, CINEMA = range(8, 12)
BUSINESSES = [
    ("Nilgiri", "Textiles", "nilgiri@florin.example"),
    ("Lakeview", "Homes", "lakeview@florin.example"),
    ("Corner", "Grocer", "grocer@florin.example"),
    ("Regal", "Cinema", "regal@florin.example"),
]
_REASONS = ["Dinner", "Taxi home", "Birthday gift", "Concert tickets", "Coffee", "Cricket club", "Books", "Thank you!"]

Progress = Callable[[str], None]


@dataclass(frozen=True, slots=True)
class _Payment:
    """One payment of the story: `payer` None is the system account; the amount is in minor units."""

    at: datetime
    payer: int | None
    payee: int
    amount_minor: int
    note: str
    type: str = TRANSFER


def logins() -> list[tuple[str, str, str]]:
    """Return who can sign in to the demo: role, e-mail address, password."""
    return [
        ("customer", PEOPLE[0][2], PASSWORD),
        ("customer", PEOPLE[1][2], PASSWORD),
        ("admin", ADMIN, PASSWORD),
        ("system user", SYSTEM, PASSWORD),
    ]


def is_filled() -> bool:
    """Whether the demo is complete, or the bank has people of its own."""
    if _marks().find_one(_MARK) is not None:
        return True
    strangers = User.objects.exclude(email__endswith="@florin.example")
    return strangers.exists()


def fill(progress: Progress) -> None:
    """Fill the bank; repeating it adds nothing.

    Args:
        progress: told in one line what has been done.
    """
    started = now() - timedelta(days=DAYS)
    admin_create(email=ADMIN, password=PASSWORD, first_name="Ada", last_name="Nair")
    system_user_create(email=SYSTEM, password=PASSWORD, first_name="Florin", last_name="Treasury")
    people = [_person(*person, started) for person in [*PEOPLE, *BUSINESSES]]
    progress(f"{len(people)} people, an admin and the system user")
    accounts = [_account(person, started) for person in people]
    # A second currency for two of them.
    for person in people[:2]:
        _account(person, started, currency="USD")
    progress(f"{len(accounts) + 2} accounts with their opening balances")
    payments = sorted(_story(random.Random(_SEED), started), key=lambda payment: payment.at)  # noqa: S311
    done = _post_all(payments, accounts)
    progress(f"{done:,} payments over half a year")
    _marks().replace_one(_MARK, {**_MARK, "at": now()}, upsert=True)


def _marks() -> Collection[dict[str, Any]]:
    return database()["banking_demo"]


def _person(first_name: str, last_name: str, email: str, since: datetime) -> User:
    try:
        user = user_register(email=email, first_name=first_name, last_name=last_name, password=PASSWORD)
    except EmailTaken:
        return user_by_email(email=email)
    User.objects.filter(pk=user.pk).update(created_at=since)
    return user


def _account(person: User, at: datetime, currency: str = _CURRENCY) -> Account:
    try:
        return account_open(
            owner=person.pk,
            currency=currency,
            origin=command_origin(person.pk),
            opening_minor=opening_balance_minor(currency),
            at=at,
        )
    except AccountExists:
        return next(account for account in accounts_of_owner(person.pk) if account.currency == currency)


def _story(chance: random.Random, started: datetime) -> Iterator[_Payment]:
    """Half a year of eight people and four businesses."""
    yield _Payment(started + timedelta(hours=1), None, EMPLOYER, parse_amount("2400000", _CURRENCY), "Seed capital")
    for day in range(DAYS):
        morning = (started + timedelta(days=day)).replace(hour=8, minute=0, second=0, microsecond=0)
        if day % 30 == 1:
            yield from _month(chance, morning)
        yield from _day(chance, morning)


def _month(chance: random.Random, morning: datetime) -> Iterator[_Payment]:
    for person in range(len(PEOPLE)):
        # A transfer is capped, so a salary comes in several parts.
        for part in range(1, 4):
            at = morning + timedelta(hours=1, minutes=person * 4 + part)
            yield _Payment(at, EMPLOYER, person, 850_000 + 10_000 * person, f"Salary, part {part} of 3")
        for part in range(1, 3):
            at = morning + timedelta(days=1, minutes=person * 4 + part)
            yield _Payment(at, person, LANDLORD, 600_000 + 15_000 * person, f"Rent, part {part} of 2", PIX)


def _day(chance: random.Random, morning: datetime) -> Iterator[_Payment]:
    for person in range(len(PEOPLE)):
        if chance.random() < 0.35:
            at = morning + timedelta(minutes=chance.randrange(60, 700))
            yield _Payment(at, person, GROCER, chance.randrange(12_000, 160_000), "Groceries")
        if chance.random() < 0.06:
            at = morning + timedelta(hours=11, minutes=chance.randrange(0, 150))
            yield _Payment(at, person, CINEMA, chance.randrange(2, 6) * 35_000, "Tickets", PIX)
        if chance.random() < 0.12:
            friend = chance.choice([other for other in range(len(PEOPLE)) if other != person])
            at = morning + timedelta(minutes=chance.randrange(120, 800))
            yield _Payment(at, person, friend, chance.randrange(15_000, 250_000), chance.choice(_REASONS))


def _post_all(payments: list[_Payment], accounts: list[Account]) -> int:
    system = system_account_id(_CURRENCY)
    numbered = [_instruction(number, payment, accounts, system) for number, payment in enumerate(payments)]
    due = [instruction for instruction in numbered if instruction.at is None or instruction.at <= now()]
    size = MAX_BATCH // 4
    for start in range(0, len(due), size):
        post(due[start : start + size], deadline_seconds=60)
    return len(due)


def _instruction(number: int, payment: _Payment, accounts: list[Account], system: ObjectId) -> Instruction:
    payer = None if payment.payer is None else accounts[payment.payer]
    return Instruction(
        sender=system if payer is None else payer.id,
        receiver=accounts[payment.payee].id,
        amount_minor=payment.amount_minor,
        currency=_CURRENCY,
        type=FUNDING if payer is None else payment.type,
        note=payment.note,
        key=f"demo-{number}",
        owner=None if payer is None else payer.owner,
        origin=command_origin(None if payer is None else payer.owner),
        at=payment.at,
    )
