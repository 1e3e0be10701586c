"""Deliveries and notifications as the worker leaves them, for tests that only look at them."""

from datetime import UTC, datetime, timedelta
from typing import Any

from bson.int64 import Int64
from bson.objectid import ObjectId

from accounts.models import User
from banking.outbox.records import DELIVERED, PENDING, deliveries, delivery_id, notifications, stream_name


def deliver(user: User, number: int, **values: Any) -> str:
    """Put a delivery of a webhook to somebody into the log, and return its id.

    Args:
        user: whose account it was about.
        number: its position; higher ones are newer.
        values: what is different; the target and the account are made up.
    """
    at = datetime.now(UTC) - timedelta(hours=1) + timedelta(seconds=number)
    event, target, account = ObjectId(), values.pop("target", ObjectId()), values.pop("account", ObjectId())
    state = values.get("state", DELIVERED)
    known = {
        "_id": delivery_id(event, "webhook", target, account),
        "event_id": event,
        "event": "transaction.completed",
        "event_at": at,
        "consumer": "webhook",
        "target": target,
        "account": account,
        "owner": user.pk,
        "stream": stream_name("webhook", target, account),
        "position": Int64(number),
        "state": state,
        "attempts": Int64(1),
        "last_error": "",
        "request_id": "",
        "created_at": at,
        "due_at": at,
        "finished_at": None if state == PENDING else at,
        "payload": {},
    }
    deliveries().insert_one({**known, **values})
    return str(known["_id"])


def notify(user: User, number: int, *, account: ObjectId | None = None, **values: Any) -> str:
    """Tell somebody something, `number` seconds after an hour ago, and return the notification's id."""
    event, account = ObjectId(), account or ObjectId()
    known = {
        "_id": f"{event}:{account}",
        "user": user.pk,
        "account": account,
        "kind": "money_received",
        "event_id": event,
        "data": {
            "amount": "2.50",
            "amount_minor": Int64(250),
            "currency": "INR",
            "counterparty": f"Payer {number:03}",
            "reason": None,
            "transaction": ObjectId(),
        },
        "created_at": datetime.now(UTC) - timedelta(hours=1) + timedelta(seconds=number),
        "read_at": None,
    }
    notifications().insert_one({**known, **values})
    return str(known["_id"])
