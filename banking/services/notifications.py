"""Having read one's notifications."""

from datetime import datetime

from accounts.models import User
from banking.outbox.records import notifications
from banking.selectors.notifications import Notification
from ledger.records import now


def notifications_mark_read(*, user: User, until: datetime) -> int:
    """Take note that somebody has read their notifications, and return how many of them were new.

    Args:
        user: whose.
        until: of the newest one that was shown; what came in meanwhile stays new.
    """
    new = {"user": user.pk, "read_at": None, "created_at": {"$lte": until}}
    return notifications().update_many(new, {"$set": {"read_at": now()}}).modified_count


def notification_mark_read(notification: Notification) -> None:
    """Take note that one notification was read; the first time is what is kept.

    Args:
        notification: fetched for its reader.
    """
    notifications().update_one({"_id": notification.id, "read_at": None}, {"$set": {"read_at": now()}})
