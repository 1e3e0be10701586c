"""People as administrators look for them: by words, those with a frozen account, those who are administrators."""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from bson.objectid import ObjectId

from accounts.models import User
from accounts.selectors import MOST_FOUND, admins_page, users_by_ids
from banking.selectors.people import PEOPLE_A_PAGE, Person, people_page
from ledger.accounts import accounts_of_owners, owners_frozen
from ledger.cursors import cursor_read, cursor_write
from ledger.records import FROZEN

EVERYBODY, WITH_FROZEN, ADMINS = "", "frozen", "admins"
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_MILLISECOND = timedelta(milliseconds=1)
_OWNER = re.compile(r"owner:([0-9a-f]{24})", re.ASCII)
_ADMIN = re.compile(r"admin:([0-9]{1,13}) id:([0-9a-f]{24})", re.ASCII)


@dataclass(frozen=True, slots=True)
class Directory:
    """Some people, newest first.

    Args:
        total: how many there are in all; None when that is not counted.
        next_cursor: where the next ones are, None after the last one.
        is_partial: whether words matched more people than are looked at.
    """

    people: list[Person]
    total: int | None
    next_cursor: str | None = None
    is_partial: bool = False


def directory_page(*, words: str, show: str, cursor: str | None) -> Directory:
    """Return a page of people with their accounts.

    Args:
        words: the beginning of a name or an e-mail address; empty for everybody.
        show: EVERYBODY, WITH_FROZEN or ADMINS.
        cursor: `next_cursor` of an earlier page.

    Raises:
        CursorInvalid: the cursor was not made here, or for another list.
    """
    if words.strip() and show:
        return _named(words, show)
    if show == WITH_FROZEN:
        return _with_frozen(cursor)
    if show == ADMINS:
        return _admins(cursor)
    found = people_page(words=words, cursor=cursor)
    return Directory(found.people, found.total, found.next_cursor, found.total is None)


def _named(words: str, show: str) -> Directory:
    """Choose among those who are found by words, who are few."""
    found = people_page(words=words, limit=MOST_FOUND)
    people = [person for person in found.people if _is_shown(person, show)]
    return Directory(people, len(people), is_partial=found.total is None)


def _is_shown(person: Person, show: str) -> bool:
    if show == ADMINS:
        return person.user.is_admin
    return any(account.status == FROZEN for account in person.accounts)


def _with_frozen(cursor: str | None) -> Directory:
    after = ObjectId(*cursor_read(cursor, _OWNER)) if cursor else None
    owners = owners_frozen(after=after, limit=PEOPLE_A_PAGE + 1)
    shown = owners[:PEOPLE_A_PAGE]
    users = users_by_ids(shown)
    people = _people([users[owner] for owner in shown if owner in users])
    return Directory(people, None, cursor_write(f"owner:{shown[-1]}") if len(owners) > len(shown) else None)


def _admins(cursor: str | None) -> Directory:
    found = admins_page(after=_place_of(cursor) if cursor else None, limit=PEOPLE_A_PAGE)
    return Directory(_people(found.users), None, None if found.end is None else _cursor_at(*found.end))


def _people(users: Sequence[User]) -> list[Person]:
    accounts = accounts_of_owners(user.pk for user in users)
    return [Person(user, accounts[user.pk]) for user in users]


def _cursor_at(joined: datetime, last: ObjectId) -> str:
    return cursor_write(f"admin:{(joined - _EPOCH) // _MILLISECOND} id:{last}")


def _place_of(cursor: str) -> tuple[datetime, ObjectId]:
    milliseconds, last = cursor_read(cursor, _ADMIN)
    return _EPOCH + int(milliseconds) * _MILLISECOND, ObjectId(last)
