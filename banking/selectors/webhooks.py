"""Webhooks as their owner reads them. Fetching one is authorising it; strangers find nothing."""

import re
from dataclasses import dataclass

from bson.int64 import Int64
from bson.objectid import ObjectId

from accounts.models import User
from banking.errors import WebhookNotFound
from banking.outbox.records import Delivery, deliveries
from banking.webhooks.records import Webhook, webhooks
from ledger.cursors import cursor_read, cursor_write, number_read

CALLS_A_PAGE = 20
_CURSOR = re.compile(r"position:([0-9]{1,19})", re.ASCII)


@dataclass(frozen=True, slots=True)
class DeliveryPage:
    """Some deliveries, newest first, and where the next ones are."""

    items: list[Delivery]
    next_cursor: str | None


def webhook_get_for_user(*, user: User, webhook_id: object) -> Webhook:
    """Return a person's own webhook.

    Raises:
        WebhookNotFound: there is none, or it is somebody else's; the two look the same.
    """
    if not isinstance(webhook_id, ObjectId):
        if not isinstance(webhook_id, str) or len(webhook_id) != 24 or not ObjectId.is_valid(webhook_id):
            raise WebhookNotFound
        webhook_id = ObjectId(webhook_id)
    document = webhooks().find_one({"_id": webhook_id, "owner": user.pk})
    if document is None:
        raise WebhookNotFound
    return Webhook.of(document)


def webhooks_of_user(user: User) -> list[Webhook]:
    """Return a person's webhooks, oldest first."""
    found = webhooks().find({"owner": user.pk})
    return sorted((Webhook.of(document) for document in found), key=lambda webhook: webhook.created_at)


def calls_page(*, webhook: Webhook, cursor: str | None = None) -> DeliveryPage:
    """Return what became of the calls of a webhook, newest first; those that worked are kept for thirty days.

    Args:
        webhook: fetched for its owner.
        cursor: `next_cursor` of an earlier page.

    Raises:
        CursorInvalid: the cursor was not made here.
    """
    before = {"position": {"$lt": Int64(_position_of(cursor))}} if cursor else {}
    found = deliveries().find({"target": webhook.id, **before}).sort("position", -1).limit(CALLS_A_PAGE + 1)
    items = [Delivery.of(document) for document in found]
    is_more = len(items) > CALLS_A_PAGE
    shown = items[:CALLS_A_PAGE]
    return DeliveryPage(shown, cursor_write(f"position:{shown[-1].position}") if is_more else None)


def _position_of(cursor: str) -> int:
    (digits,) = cursor_read(cursor, _CURSOR)
    return number_read(digits)
