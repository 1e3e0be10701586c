"""Notifications: what a customer finds at the bell.

The id of a notification is made of its event and its account, so that told twice it is there once; and whoever has
read it does not find it unread again.
"""

from collections.abc import Iterable

from banking.outbox.consumers import News, Recipient
from banking.outbox.records import Delivery, Document, notifications
from banking.outbox.stories import stories


class Notifications:
    """Writes a notification for each story that a customer hears."""

    name = "notification"

    def targets(self, news: News) -> Iterable[Recipient]:
        return stories(news)

    def deliver(self, delivery: Delivery) -> None:
        notification = notification_document(delivery)
        notifications().update_one({"_id": notification["_id"]}, {"$setOnInsert": notification}, upsert=True)


def notification_document(delivery: Delivery) -> Document:
    """Return the notification that a delivery makes; it is as old as its event."""
    return {
        "_id": f"{delivery.event_id}:{delivery.account}",
        "user": delivery.owner,
        "account": delivery.account,
        "kind": delivery.payload["kind"],
        "event_id": delivery.event_id,
        "data": delivery.payload["data"],
        "created_at": delivery.event_at,
        "read_at": None,
    }
