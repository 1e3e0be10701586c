"""Webhooks: a customer's own server is called with what the customer hears of an event, and never with more.

What is told is written down when the event is relayed, so every attempt sends the same body under the same id.
"""

import json
import time
from collections.abc import Iterable
from dataclasses import replace
from datetime import UTC, datetime
from http import HTTPStatus
from typing import Any

from bson.objectid import ObjectId

from banking.outbox.consumers import News, NoLongerWanted, Recipient, Undeliverable
from banking.outbox.records import Delivery
from banking.outbox.stories import stories
from banking.services.webhooks import webhook_disable
from banking.webhooks.addresses import target_read
from banking.webhooks.calls import CallFailed, call
from banking.webhooks.records import ACTIVE, Webhook, webhooks
from banking.webhooks.signing import SecretUnreadable, secret_open, signed_headers
from ledger import events
from ledger.records import COMPLETED, CREDIT, DEBIT, FAILED

_HEADERS = {"Content-Type": "application/json", "User-Agent": "Florin-Webhooks"}
_GONE = "The server answered 410 Gone, so it is not called any more."
_LOST_SECRET = "The secret of this webhook cannot be read any more. Renew it, and what happens from then on is delivered."


class Webhooks:
    """Calls every active webhook of a customer that wants the kind of event."""

    name = "webhook"

    def targets(self, news: News) -> Iterable[Recipient]:
        told = list(stories(news))
        by_owner = _active_of({story.owner for story in told})
        for story in told:
            for webhook in by_owner.get(story.owner, []):
                if story.event.name in webhook.events:
                    yield replace(story, target=webhook.id, payload=_data(story))

    def deliver(self, delivery: Delivery) -> None:
        webhook = _webhook_of(delivery)
        body = body_of(delivery)
        headers = signed_headers(secret=_secret(webhook), call=delivery.id, at=int(time.time()), body=body)
        _judge(webhook, call(target_read(webhook.url), headers={**_HEADERS, **headers}, body=body))


def body_of(delivery: Delivery) -> bytes:
    """Return what is sent: always the same bytes for a delivery."""
    said = {
        "id": str(delivery.event_id),
        "type": delivery.event,
        "createdAt": _time_text(delivery.event_at),
        "data": delivery.payload,
    }
    return json.dumps(said, ensure_ascii=False, separators=(",", ":")).encode()


def _active_of(owners: set[ObjectId]) -> dict[ObjectId, list[Webhook]]:
    """Return the webhooks that are to be called, by owner, in one query."""
    found: dict[ObjectId, list[Webhook]] = {}
    for document in webhooks().find({"owner": {"$in": list(owners)}, "state": ACTIVE}):
        found.setdefault(document["owner"], []).append(Webhook.of(document))
    return found


def _data(story: Recipient) -> dict[str, Any]:
    """Return what the customer's server is told: the account's own side, and of the other side only the name."""
    event, known = story.event, story.payload["data"]
    if event.name not in (events.TRANSACTION_COMPLETED, events.TRANSACTION_FAILED):
        said = {"accountId": str(story.account), "currency": known["currency"]}
        return {**said, "status": event.details["status"], "reason": known["reason"]}
    return {
        "transactionId": str(known["transaction"]),
        "accountId": str(story.account),
        "direction": DEBIT if story.account == event.accounts[0] else CREDIT,
        "amount": known["amount"],
        "currency": known["currency"],
        "counterparty": known["counterparty"],
        "status": COMPLETED if event.name == events.TRANSACTION_COMPLETED else FAILED,
        "reason": known["reason"],
    }


def _webhook_of(delivery: Delivery) -> Webhook:
    document = webhooks().find_one({"_id": delivery.target, "owner": delivery.owner})
    if document is None:
        raise NoLongerWanted("The webhook was removed.")
    webhook = Webhook.of(document)
    if not webhook.is_active:
        raise NoLongerWanted("The webhook is switched off.")
    return webhook


def _secret(webhook: Webhook) -> str:
    try:
        return secret_open(webhook.secret)
    except SecretUnreadable as error:
        raise Undeliverable(_LOST_SECRET) from error


def _judge(webhook: Webhook, status: int) -> None:
    """Take 2xx for delivered, 410 for good-bye, and everything else for a failure that passes."""
    if status == HTTPStatus.GONE:
        webhook_disable(webhook_id=webhook.id, reason=_GONE)
        raise NoLongerWanted(_GONE)
    if 300 <= status < 400:
        raise CallFailed(f"The server answered {status}; redirects are not followed.")
    if not 200 <= status < 300:
        raise CallFailed(f"The server answered {status}.")


def _time_text(moment: datetime) -> str:
    return moment.astimezone(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")
