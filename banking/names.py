"""Whose an account is, by name: the one place where accounts and people are joined for lists."""

from collections.abc import Iterable

from bson.objectid import ObjectId

from accounts.models import User
from accounts.selectors import people_search, users_by_ids
from ledger.accounts import accounts_by_ids, accounts_of_owners

BANK_NAME = "Florin"


def names_of_accounts(ids: Iterable[ObjectId]) -> dict[ObjectId, str]:
    """Return the owner's name of each account, in two queries; the bank's for a system account."""
    accounts = accounts_by_ids(set(ids))
    owners = users_by_ids({account.owner for account in accounts.values() if account.owner is not None})
    return {account.id: _name(owners.get(account.owner) if account.owner else None) for account in accounts.values()}


def _name(owner: User | None) -> str:
    return BANK_NAME if owner is None else owner.name


def accounts_named(words: str) -> list[ObjectId]:
    """Return the accounts of the people whose name begins with the words, for a search in a history."""
    people = people_search(words=words, exclude=None)
    accounts = accounts_of_owners([person.pk for person in people])
    return [account.id for own in accounts.values() for account in own]
