"""Accounts as a process last wrote them, which saves the next posting from reading them.

What is remembered is a guess: every balance is written under a guard that names the very state that was decided on, so
a wrong guess writes nothing, is forgotten, and the decision is made again on what is read. It is a good guess for as
long as no other process has posted since, which the committer knows of the processes of its machine; freezing an
account, and other machines, are left to the guard.
"""

from collections.abc import Collection

from bson.objectid import ObjectId

from ledger.records import Document

Accounts = dict[ObjectId, Document]

# Some ten megabytes.
_MOST = 10_000


class Memory:
    """What one process remembers; used by one thread at a time."""

    def __init__(self) -> None:
        self._accounts: Accounts = {}

    def recall(self, ids: Collection[ObjectId]) -> Accounts | None:
        """Return copies of these accounts, None unless all of them are remembered."""
        if not all(account in self._accounts for account in ids):
            return None
        return {account: dict(self._accounts[account]) for account in ids}

    def keep(self, accounts: Accounts) -> None:
        """Remember accounts as they were committed."""
        if len(self._accounts) + len(accounts) > _MOST:
            self._accounts.clear()
        self._accounts.update(accounts)

    def forget(self) -> None:
        """Somebody else may have written since."""
        self._accounts.clear()
