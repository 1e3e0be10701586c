"""Who asks, and the accounts and people that were read for them, each of them once.

A page of transactions names its accounts before the first of them is looked at; whoever looks at one then reads all
that were named, in one call. So a page costs the same number of calls however many lines it has.
"""

from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from typing import Generic, TypeVar

import strawberry
from bson.objectid import ObjectId

from accounts.models import User
from accounts.selectors import users_by_ids
from banking.access import is_seen
from ledger.accounts import accounts_by_ids
from ledger.audit import Origin
from ledger.records import Account, Transaction

Found = TypeVar("Found")


class Named(Generic[Found]):
    """Things by id, read together when the first of them is wanted."""

    def __init__(self, read: Callable[[Iterable[ObjectId]], dict[ObjectId, Found]]) -> None:
        self._read = read
        self._known: dict[ObjectId, Found | None] = {}
        self._named: set[ObjectId] = set()

    def name(self, ids: Iterable[ObjectId]) -> None:
        """Say which will be wanted."""
        self._named.update(id for id in ids if id not in self._known)

    def get(self, id: ObjectId) -> Found | None:
        """Return one of them; None if it does not exist."""
        if id not in self._known:
            wanted = {*self._named, id}
            found = self._read(wanted)
            self._known.update({one: found.get(one) for one in wanted})
            self._named.clear()
        return self._known[id]

    def keep(self, things: dict[ObjectId, Found]) -> None:
        """Keep what was read elsewhere."""
        self._known.update(things)

    def forget(self) -> None:
        """Read again what is wanted from now on: something has changed."""
        self._known.clear()


@dataclass
class Asking:
    """A request of somebody who is signed in.

    Args:
        user: who asks.
        origin: the same for the audit log, and from where.
        key_of: gives the idempotency key back, or the header's for None; raises when there is none or they differ.
    """

    user: User
    origin: Origin
    key_of: Callable[[str | None], str]
    people: Named[User] = field(default_factory=lambda: Named(users_by_ids))
    accounts: Named[Account] = field(init=False)
    opened: set[ObjectId] = field(default_factory=set)

    def __post_init__(self) -> None:
        self.accounts = Named(self._accounts_read)

    def sees(self, account: Account) -> bool:
        """Whether more than the name of an account is shown; of what was opened just now, also to who opened it."""
        return account.id in self.opened or is_seen(user=self.user, account=account)

    def sides_named(self, transactions: Iterable[Transaction]) -> None:
        """Say that the accounts of these transactions will be wanted."""
        self.accounts.name(side for one in transactions for side in (one.sender, one.receiver))

    def accounts_kept(self, accounts: Iterable[Account]) -> None:
        """Keep accounts that a list was made of, and name the people they belong to."""
        known = {account.id: account for account in accounts}
        self.accounts.keep(known)
        self.people.name(account.owner for account in known.values() if account.owner is not None)

    def accounts_forgotten(self) -> None:
        """Read accounts and people again, after a mutation: balances have changed."""
        self.accounts.forget()
        self.people.forget()

    def _accounts_read(self, ids: Iterable[ObjectId]) -> dict[ObjectId, Account]:
        found = accounts_by_ids(ids)
        self.people.name(account.owner for account in found.values() if account.owner is not None)
        return found


Info = strawberry.Info[Asking, None]
