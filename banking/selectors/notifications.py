"""Notifications as their reader sees them: one's own, newest first, and how many of them are new."""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

from bson.objectid import ObjectId

from accounts.models import User
from banking.outbox.records import Document, notifications
from ledger.cursors import cursor_read, cursor_write

NOTIFICATIONS_A_PAGE = 20
# The bell counts so far, and says “more” beyond.
MOST_COUNTED = 99
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


def notifications_page(*, user: User, cursor: str | None = None) -> NotificationPage:
    """Return a person's own notifications, newest first.

    Raises:
        CursorInvalid: the cursor was not made here.
    """
    wanted = {"user": user.pk, **(_before(cursor) if cursor else {})}
    newest = notifications().find(wanted).sort([("created_at", -1), ("_id", -1)])
    items = [Notification.of(document) for document in newest.limit(NOTIFICATIONS_A_PAGE + 1)]
    shown = items[:NOTIFICATIONS_A_PAGE]
    return NotificationPage(shown, place_of(shown[-1]) if len(items) > len(shown) else None)


def unread_count(user: User) -> int:
    """Return how many notifications are new to somebody, as far as MOST_COUNTED + 1; it costs one look at an index."""
    new = {"user": user.pk, "read_at": None}
    return notifications().count_documents(new, limit=MOST_COUNTED + 1, hint="unread")


def place_of(notification: Notification) -> str:
    """Return where in the list a notification is: the cursor that leads on behind it."""
    return cursor_write(f"at:{(notification.created_at - _EPOCH) // timedelta(milliseconds=1)} id:{notification.id}")


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
