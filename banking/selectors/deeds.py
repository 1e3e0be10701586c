"""The audit log as administrators read it: who, and what it was done to, by name."""

from collections.abc import Sequence
from dataclasses import dataclass

from bson.objectid import ObjectId

from accounts.models import User
from accounts.selectors import users_by_ids
from ledger.accounts import accounts_by_ids
from ledger.records import Account
from ledger.trail import AuditFilter, AuditRecord, audit_page

DEEDS_A_PAGE = 20
_OF_MONEY = ("transfer.", "funding.")
_OF_ACCOUNTS = ("account.",)
_OF_PEOPLE = ("login", "logout", "role.", "user.", "session.")


@dataclass(frozen=True, slots=True)
class Deed:
    """An audit record with names.

    Args:
        actor: who did it; None for nobody known, or a command.
        account: what it was done to, if that is an account.
        person: whom it was done to, or whose account it is.
    """

    record: AuditRecord
    actor: User | None
    account: Account | None
    person: User | None

    @property
    def transaction(self) -> ObjectId | None:
        """The transaction it was done to, if it was one."""
        return self.record.subject if self.record.action.startswith(_OF_MONEY) else None

    @property
    def is_about_oneself(self) -> bool:
        """Whether it was done by the person to whom it was done."""
        return self.actor is not None and self.person is not None and self.actor.pk == self.person.pk


@dataclass(frozen=True, slots=True)
class DeedsPage:
    """Some audit records, newest first; where the next ones are, if only few or none were found in this part."""

    deeds: list[Deed]
    next_cursor: str | None


def deeds_page(*, wanted: AuditFilter, cursor: str | None, limit: int = DEEDS_A_PAGE) -> DeedsPage:
    """Return audit records, newest first, with the names in three queries at most.

    Raises:
        CursorInvalid: the cursor was not made here.
    """
    found = audit_page(wanted=wanted, cursor=cursor, limit=limit)
    return DeedsPage(_deeds(found.records), found.next_cursor)


def _deeds(records: Sequence[AuditRecord]) -> list[Deed]:
    numbers = _subjects(records, _OF_ACCOUNTS)
    accounts = accounts_by_ids(numbers) if numbers else {}
    owners = {account.owner for account in accounts.values() if account.owner is not None}
    actors = {record.actor for record in records if record.actor is not None}
    people = users_by_ids(actors | owners | _subjects(records, _OF_PEOPLE))
    return [_deed(record, accounts, people) for record in records]


def _subjects(records: Sequence[AuditRecord], actions: tuple[str, ...]) -> set[ObjectId]:
    return {one.subject for one in records if one.subject is not None and one.action.startswith(actions)}


def _deed(record: AuditRecord, accounts: dict[ObjectId, Account], people: dict[ObjectId, User]) -> Deed:
    account = None if record.subject is None else accounts.get(record.subject)
    concerned = record.subject if account is None else account.owner
    return Deed(
        record=record,
        actor=None if record.actor is None else people.get(record.actor),
        account=account,
        person=None if concerned is None else people.get(concerned),
    )
