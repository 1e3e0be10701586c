"""Accounts with whose they are, as administrators read them: the two sides of a transfer."""

from collections.abc import Iterable
from dataclasses import dataclass

from bson.objectid import ObjectId

from accounts.models import User
from accounts.selectors import users_by_ids
from banking.names import BANK_NAME
from banking.selectors.activity import UNKNOWN
from ledger.accounts import accounts_by_ids
from ledger.records import Account


@dataclass(frozen=True, slots=True)
class Side:
    """An account and whose it is.

    Args:
        id: the account's, which may never have existed.
        account: None when it never did.
        owner: None for the bank itself.
    """

    id: ObjectId
    account: Account | None
    owner: User | None

    @property
    def name(self) -> str:
        """Whose it is, as one reads it."""
        if self.owner is not None:
            return self.owner.name
        return UNKNOWN if self.account is None else BANK_NAME


def sides_of(ids: Iterable[ObjectId]) -> dict[ObjectId, Side]:
    """Return these accounts with their owners by id, in two queries; also those that never existed."""
    wanted = set(ids)
    accounts = accounts_by_ids(wanted)
    owners = users_by_ids(account.owner for account in accounts.values() if account.owner is not None)
    return {one: _side(one, accounts.get(one), owners) for one in wanted}


def _side(id: ObjectId, account: Account | None, owners: dict[ObjectId, User]) -> Side:
    owner = None if account is None or account.owner is None else owners.get(account.owner)
    return Side(id, account, owner)
