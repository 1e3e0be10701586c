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

from banking.errors import WebhookAddressRefused
from banking.outbox.consumers import DeliveryFailed, News, NoLongerWanted, Recipient, Undeliverable
from banking.outbox.records import Delivery
from banking.outbox.stories import stories
from banking.services.webhooks import webhook_disable
from banking.webhooks.addresses import target_read
from banking.webhooks.calls import CallFailed, call
from banking.webhooks.records import ACTIVE, TEST, Webhook, webhooks
from banking.webhooks.signing import SecretUnreadable, secret_open, signed_headers
from ledger import events
from ledger.records import COMPLETED, CREDIT, DEBIT, FAILED

_HEADERS = {"Content-Type": "application/json", "User-Agent": "Florin-Webhooks"}
_GONE = "The server answered 410 Gone, so it is not called any more."
_UNREADABLE = (
    "The secret of this webhook cannot be read any more. Renew it, and what happens from then on is delivered."
)


class Webhooks:
    """Calls every active webhook of a customer that wants the kind of event."""

    name = "webhook"

    def targets(self, news: News) -> Iterable[Recipient]:
        told = list(stories(news))
        tested = [event.subject for event in news.events if event.name == TEST]
        known = _active_of(owners={story.owner for story in told}, ids=tested)
        by_owner: dict[ObjectId, list[Webhook]] = {}
        for webhook in known:
            by_owner.setdefault(webhook.owner, []).append(webhook)
        for story in told:
            for webhook in by_owner.get(story.owner, []):
                if story.event.name in webhook.events:
                    yield replace(story, target=webhook.id, payload=_data(story))
        yield from _tests(news, known)

    def deliver(self, delivery: Delivery) -> None:
        webhook = _webhook_of(delivery)
        body = body_of(delivery)
        headers = signed_headers(secret=_secret(webhook), call=delivery.id, at=int(time.time()), body=body)
        try:
            status = call(target_read(webhook.url), headers={**_HEADERS, **headers}, body=body)
        except (CallFailed, WebhookAddressRefused) as error:
            raise DeliveryFailed(error.message) from error
        _judge(webhook, status)


def body_of(delivery: Delivery) -> bytes:
    """Return what is sent: always the same bytes for a delivery."""
    said = {
        "id": str(delivery.event_id),
        "type": delivery.event,
        "createdAt": _time_text(delivery.event_at),
        "data": delivery.payload,
    }
    return json.dumps(said, ensure_ascii=False, separators=(",", ":")).encode()


def _active_of(*, owners: set[ObjectId], ids: list[ObjectId]) -> list[Webhook]:
    """Return the webhooks of these owners, and these, that are to be called, in one query."""
    mine = {"$or": [{"owner": {"$in": list(owners)}}, {"_id": {"$in": ids}}]}
    return [Webhook.of(document) for document in webhooks().find({**mine, "state": ACTIVE})]


def _tests(news: News, known: list[Webhook]) -> Iterable[Recipient]:
    """Yield the tests that owners asked for; about no account, so each webhook's tests are in order by themselves."""
    by_id = {webhook.id: webhook for webhook in known}
    for event in news.events:
        webhook = by_id.get(event.subject) if event.name == TEST else None
        if webhook is not None:
            yield Recipient(event, webhook.id, webhook.owner, target=webhook.id, payload={})


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
        raise Undeliverable(_UNREADABLE) from error


def _judge(webhook: Webhook, status: int) -> None:
    """Take 2xx for delivered, 410 for good-bye, and everything else for a failure that passes."""
    if status == HTTPStatus.GONE:
        webhook_disable(webhook_id=webhook.id, reason=_GONE)
        raise NoLongerWanted(_GONE)
    if 300 <= status < 400:
        raise DeliveryFailed(f"The server answered {status}; redirects are not followed.")
    if not 200 <= status < 300:
        raise DeliveryFailed(f"The server answered {status}.")


def _time_text(moment: datetime) -> str:
    return moment.astimezone(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")
