"""Notifications: what a customer finds at the bell.

The id of a notification is made of its event and its account, so that told twice it is there once; and whoever has
read it does not find it unread again.
"""

from collections.abc import Iterable, Sequence

from pymongo.errors import BulkWriteError

from banking.outbox.consumers import News, Recipient
from banking.outbox.records import Delivery, Document, notifications
from banking.outbox.stories import stories

_DUPLICATE_KEY = 11000


class Notifications:
    """Writes a notification for each story that a customer hears."""

    name = "notification"

    def targets(self, news: News) -> Iterable[Recipient]:
        return stories(news)

    def deliver(self, delivery: Delivery) -> None:
        self.deliver_many([delivery])

    def deliver_many(self, deliveries: Sequence[Delivery]) -> None:
        try:
            notifications().insert_many(map(notification_document, deliveries), ordered=False)
        except BulkWriteError as error:
            if any(item["code"] != _DUPLICATE_KEY for item in error.details["writeErrors"]):
                raise


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
