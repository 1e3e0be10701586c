"""Notifications as their reader sees them: one's own, newest first, and how many of them are new."""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

from bson.objectid import ObjectId

from accounts.models import User
from banking.errors import NotificationNotFound
from banking.outbox.records import NEWEST_UNREAD, Document, notifications
from ledger.cursors import cursor_read, cursor_write

NOTIFICATIONS_A_PAGE = 20
# The bell counts so far, and says “more” beyond.
MOST_COUNTED = 99
_NEWEST_FIRST = [("created_at", -1), ("_id", -1)]
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_CURSOR = re.compile(r"at:([0-9]{1,13}) id:([0-9a-f]{24}:[0-9a-f]{24})", re.ASCII)


@dataclass(frozen=True, slots=True)
class Notification:
    """Something that its reader was told; `kind` and `data` as in `banking.outbox.stories`."""

    id: str
    account: ObjectId
    kind: str
    data: dict[str, Any]
    created_at: datetime
    is_read: bool

    @classmethod
    def of(cls, document: Mapping[str, Any]) -> "Notification":
        return cls(
            id=document["_id"],
            account=document["account"],
            kind=document["kind"],
            data=document["data"],
            created_at=document["created_at"],
            is_read=document["read_at"] is not None,
        )


@dataclass(frozen=True, slots=True)
class NotificationPage:
    """Some notifications, newest first, and where the next ones are."""

    items: list[Notification]
    next_cursor: str | None


@dataclass(frozen=True, slots=True)
class Unread:
    """What is new to somebody.

    Args:
        count: as far as MOST_COUNTED + 1.
        newest: the place of the newest one, empty without any. With it the count tells whether anything has changed,
            also when one came and another was read.
    """

    count: int
    newest: str

    @property
    def mark(self) -> str:
        return f"{self.count}.{self.newest}"

    def came_after(self, mark: str) -> bool:
        """Whether something new came in after this mark was made."""
        return self.newest > mark.partition(".")[2]


def notifications_page(*, user: User, cursor: str | None = None, only_unread: bool = False) -> NotificationPage:
    """Return a person's own notifications, newest first.

    Args:
        user: whose.
        cursor: `next_cursor` of an earlier page.
        only_unread: leave out what was read.

    Raises:
        CursorInvalid: the cursor was not made here.
    """
    new = {"read_at": None} if only_unread else {}
    wanted = {"user": user.pk, **new, **(_before(cursor) if cursor else {})}
    newest = notifications().find(wanted, hint=NEWEST_UNREAD if only_unread else None).sort(_NEWEST_FIRST)
    items = [Notification.of(document) for document in newest.limit(NOTIFICATIONS_A_PAGE + 1)]
    shown = items[:NOTIFICATIONS_A_PAGE]
    return NotificationPage(shown, place_of(shown[-1]) if len(items) > len(shown) else None)


def unread_of(user: User) -> Unread:
    """Return what is new to somebody; it costs one look at an index."""
    new = notifications().find({"user": user.pk, "read_at": None}, {"created_at": 1}, hint=NEWEST_UNREAD)
    found = list(new.sort(_NEWEST_FIRST).limit(MOST_COUNTED + 1))
    # Thirteen digits until the year 2286, so that later ones compare as greater.
    return Unread(len(found), f"{_milliseconds(found[0]['created_at'])}.{found[0]['_id']}" if found else "")


def notification_get_for_user(*, user: User, notification_id: str) -> Notification:
    """Return one of somebody's own notifications.

    Raises:
        NotificationNotFound: there is none, or it is somebody else's; the two look the same.
    """
    found = notifications().find_one({"_id": notification_id, "user": user.pk})
    if found is None:
        raise NotificationNotFound
    return Notification.of(found)


def place_of(notification: Notification) -> str:
    """Return where in the list a notification is: the cursor that leads on behind it."""
    return cursor_write(f"at:{_milliseconds(notification.created_at)} id:{notification.id}")


def place_read(cursor: str) -> tuple[datetime, str]:
    """Return when the notification at a place was made, and its id.

    Raises:
        CursorInvalid: the place was not written here.
    """
    milliseconds, last = cursor_read(cursor, _CURSOR)
    return _EPOCH + timedelta(milliseconds=int(milliseconds)), last


def _before(cursor: str) -> Document:
    at, last = place_read(cursor)
    return {"created_at": {"$lte": at}, "$or": [{"created_at": {"$lt": at}}, {"_id": {"$lt": last}}]}


def _milliseconds(at: datetime) -> int:
    return (at - _EPOCH) // timedelta(milliseconds=1)
