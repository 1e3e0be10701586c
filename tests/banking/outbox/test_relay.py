"""Every event becomes deliveries exactly once, in the order of the commits."""

from threading import Event as Flag
from typing import Any

from bson.objectid import ObjectId

from banking.outbox import place as places
from banking.outbox.records import deliveries, outbox, streams
from banking.outbox.relay import Relay
from ledger.accounts import account_freeze
from ledger.audit import COMMAND
from ledger.records import Account
from tests.banking.outbox.conftest import relay_all
from tests.ledger.conftest import attempt, send


def told() -> list[tuple[str, str, ObjectId]]:
    """Return what was relayed, in its order."""
    found = deliveries().find().sort("position", 1)
    return [(one["consumer"], one["event"], one["account"]) for one in found]


def test_an_event_becomes_deliveries(payer: Account, payee: Account) -> None:
    relay_all()
    deliveries().delete_many({})
    send(payer, payee, 5, "tea")
    assert relay_all() == 1
    print(told(), list(streams().find()), outbox().find_one())
    assert 0
