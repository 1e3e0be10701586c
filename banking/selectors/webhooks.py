"""Webhooks as their owner reads them. Fetching one is authorising it; strangers find nothing."""

from bson.objectid import ObjectId

from accounts.models import User
from banking.errors import WebhookNotFound
from banking.webhooks.records import Webhook, webhooks


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
