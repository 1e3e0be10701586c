"""People to pay: found by name, recently paid, or named by an account number. Never a balance or an address."""

import re
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from bson.objectid import ObjectId

from accounts.models import User
from accounts.selectors import people_search, users_by_ids, users_page
from banking.access import main_account
from banking.names import BANK_NAME
from banking.selectors.sides import Side, sides_of
from ledger.accounts import accounts_of_owners
from ledger.cursors import cursor_read, cursor_write
from ledger.history import recent_counterparties
from ledger.records import ACTIVE, CUSTOMER, Account

PEOPLE_A_PAGE = 20
# One letter would list half of the bank.
LEAST_LETTERS = 2
# More than are shown, because some of them cannot be paid.
_MOST_FOUND = 100
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
# Thirteen digits of milliseconds reach into the year 2286.
_CURSOR = re.compile(r"joined:([0-9]{1,13}) id:([0-9a-f]{24})", re.ASCII)


@dataclass(frozen=True, slots=True)
class Payee:
    """Somebody to pay.

    Args:
        account: can receive the currency in question.
    """

    name: str
    account: ObjectId


@dataclass(frozen=True, slots=True)
class Found:
    """Somebody who was found by name or address.

    Args:
        account: theirs that can receive the currency in question; None when they have no such account.
        others: theirs that can receive other currencies.
    """

    user: User
    account: ObjectId | None
    others: tuple[Account, ...] = ()


@dataclass(frozen=True, slots=True)
class Person:
    """Somebody as administrators see them, with all of their accounts."""

    user: User
    accounts: list[Account]

    @property
    def main_account(self) -> Account | None:
        """The account in the bank's default currency, else the oldest; None without any."""
        return main_account(self.accounts)


@dataclass(frozen=True, slots=True)
class PeoplePage:
    """Some people, newest first; `total` is None when more match the words than are looked at."""

    people: list[Person]
    total: int | None
    next_cursor: str | None


def people_found(*, user: User, words: str, currency: str) -> list[Found]:
    """Return people whose name begins with the words, or whose whole e-mail address they are, at most 20.

    Those who can be paid come first; each kind is in the order of their names.

    Args:
        user: who asks; is not found.
        words: as typed; nobody is found by less than LEAST_LETTERS of them.
        currency: what they are to receive.
    """
    found = _found(user, words, currency)
    return sorted(found, key=lambda one: one.account is None)[:PEOPLE_A_PAGE]


def _found(user: User, words: str, currency: str) -> list[Found]:
    if len(words.strip()) < LEAST_LETTERS:
        return []
    people = people_search(words=words, exclude=user.pk, limit=_MOST_FOUND)
    accounts = accounts_of_owners(person.pk for person in people)
    return [_as_found(person, accounts[person.pk], currency) for person in people]


def _as_found(person: User, accounts: list[Account], currency: str) -> Found:
    receiving = [account for account in accounts if _can_receive(account, account.currency)]
    account = next((one.id for one in receiving if one.currency == currency), None)
    return Found(person, account, tuple(one for one in receiving if one.currency != currency))


def is_oneself(*, user: User, words: str) -> bool:
    """Return whether somebody who searches for people finds themselves."""
    if len(words.strip()) < LEAST_LETTERS:
        return False
    return any(person.pk == user.pk for person in people_search(words=words, exclude=None, limit=_MOST_FOUND))


def payees_recent(*, account: Account, limit: int = 5) -> list[Payee]:
    """Return whom this account paid last, who can still be paid from it."""
    paid = recent_counterparties(account=account, limit=limit)
    return payees_among(paid, sides_of(paid), account.currency)


def payee_of_account(*, account_id: ObjectId, currency: str) -> Payee | None:
    """Return whose account this is, None when it cannot be paid in the currency."""
    return next(iter(payees_among([account_id], sides_of([account_id]), currency)), None)


def payees_among(ids: Iterable[ObjectId], sides: dict[ObjectId, Side], currency: str) -> list[Payee]:
    """Return those of these accounts that can be paid in the currency, in the order given.

    Args:
        sides: has each of the ids.
    """
    return [Payee(sides[one].name, one) for one in ids if _is_payable(sides[one], currency)]


def people_page(*, words: str, page: int = 1, cursor: str | None = None, limit: int = PEOPLE_A_PAGE) -> PeoplePage:
    """Return a page of people with their accounts, newest first.

    Args:
        words: the beginning of a name or an e-mail address; empty for everybody.
        page: from 1, as far as row `accounts.selectors.NUMBERED_ROWS`.
        cursor: `next_cursor` of an earlier page, instead of `page`.
        limit: people a page.

    Raises:
        CursorInvalid: the cursor was not made here.
    """
    found = users_page(words=words, page=page, after=_place_of(cursor) if cursor else None, limit=limit)
    accounts = accounts_of_owners(user.pk for user in found.users)
    people = [Person(user, accounts[user.pk]) for user in found.users]
    return PeoplePage(people, found.total, _cursor_after(found.users[-1]) if found.has_next else None)


def person_of_account(account: Account) -> str:
    """Return the name of whose account it is; the bank's for its own."""
    owners = users_by_ids([account.owner] if account.owner is not None else [])
    return next((owner.name for owner in owners.values()), BANK_NAME)


def _cursor_after(user: User) -> str:
    milliseconds = (user.created_at - _EPOCH) // timedelta(milliseconds=1)
    return cursor_write(f"joined:{milliseconds} id:{user.pk}")


def _place_of(cursor: str) -> tuple[datetime, ObjectId]:
    milliseconds, last = cursor_read(cursor, _CURSOR)
    return _EPOCH + timedelta(milliseconds=int(milliseconds)), ObjectId(last)


def _can_receive(account: Account, currency: str) -> bool:
    return account.kind == CUSTOMER and account.status == ACTIVE and account.currency == currency


def _is_payable(side: Side, currency: str) -> bool:
    return side.owner is not None and side.account is not None and _can_receive(side.account, currency)
