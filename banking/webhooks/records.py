"""Webhooks as they are kept: where a customer wants to be called, for what, and the sealed secret of the calls."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from bson.objectid import ObjectId
from pymongo.collection import Collection

from ledger import events
from ledger.store import database

WEBHOOKS = "banking_webhooks"
# DISABLED ones are not called until their owner switches them on again.
ACTIVE, DISABLED = "ACTIVE", "DISABLED"
MOST_OF_OWNER = 5
# What can be wanted: all that a customer hears of (`banking.outbox.stories`). TEST is asked for, and not chosen.
EVENTS = (
    events.TRANSACTION_COMPLETED,
    events.TRANSACTION_FAILED,
    events.ACCOUNT_ACTIVATED,
    events.ACCOUNT_FROZEN,
    events.ACCOUNT_UNFROZEN,
    events.ACCOUNT_CLOSED,
)
TEST = "webhook.test"

Document = dict[str, Any]


def webhooks() -> Collection[Document]:
    return database()[WEBHOOKS]


@dataclass(frozen=True, slots=True)
class Webhook:
    """A webhook as it stood when it was read.

    Args:
        slot: 1 to MOST_OF_OWNER, each once for an owner, so that there are never more.
        secret: sealed (`banking.webhooks.signing`).
        events: the kinds of events that are wanted.
        reason: why it is DISABLED, a sentence for its owner; empty otherwise.
    """

    id: ObjectId
    owner: ObjectId
    slot: int
    url: str
    secret: str
    events: tuple[str, ...]
    state: str
    reason: str
    created_at: datetime

    @classmethod
    def of(cls, document: Mapping[str, Any]) -> Webhook:
        values = {name: document[name] for name in cls.__slots__ if name != "id"}
        return cls(id=document["_id"], **{**values, "slot": int(values["slot"]), "events": tuple(values["events"])})

    @property
    def is_active(self) -> bool:
        return self.state == ACTIVE
