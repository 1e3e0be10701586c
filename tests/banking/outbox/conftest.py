"""A bank whose events can be relayed and delivered step by step."""

from collections.abc import Iterator
from threading import Event as Flag
from typing import Any

import pytest
from pymongo.collection import Collection
from pymongo.database import Database

from banking.outbox.consumers import Consumer
from banking.outbox.dispatch import dispatch_one
from banking.outbox.notifications import Notifications
from banking.outbox.records import deliveries, hastily, streams
from banking.outbox.relay import Relay
from ledger import sessions
from ledger.records import Account
from tests.banking.runs import customer

Collected = Collection[dict[str, Any]]


def kept_deliveries() -> Collected:
    """Return the deliveries as a worker has just left them; what it notes, it notes in haste."""
    return hastily(deliveries())


def kept_streams() -> Collected:
    return hastily(streams())


@pytest.fixture
def outbox_db(bank_db: Database[dict[str, Any]]) -> Iterator[Database[dict[str, Any]]]:
    """The bank's database; afterwards this process's sessions are forgotten."""
    yield bank_db
    sessions.pool_reset()


@pytest.fixture
def payer(outbox_db: object) -> Account:
    """Olivia's account, with 1,000 on it."""
    return customer("Olivia Owner", 1_000)[1]


@pytest.fixture
def payee(outbox_db: object) -> Account:
    """Samir's account, empty."""
    return customer("Samir Second")[1]


def relay_all(*consumers: Consumer) -> int:
    """Relay all that is committed, to these consumers or to the bell alone."""
    return Relay(Flag(), consumers or (Notifications(),)).catch_up()


def dispatch_all(consumer: Consumer) -> int:
    """Give each stream of the consumer that is due its turns, and return how many that were."""
    turns = 0
    while dispatch_one(consumer, Flag()):
        turns += 1
    return turns
