"""Who finds what at the bell."""

from typing import Any

from banking.outbox.notifications import Notifications
from banking.outbox.records import Delivery, deliveries, notifications
from ledger.accounts import account_activate, account_close, account_freeze, account_open, account_unfreeze
from ledger.audit import COMMAND
from ledger.records import Account, now
from tests.banking.outbox.conftest import dispatch_all, relay_all
from tests.ledger.conftest import attempt, send

BELL = Notifications()


def ring() -> None:
    relay_all(BELL)
    dispatch_all(BELL)


def found(account: Account) -> list[dict[str, Any]]:
    """Return what the owner of an account finds, oldest first."""
    return list(notifications().find({"user": account.owner}).sort("created_at", 1))


def test_sender_and_receiver_hear_of_a_transfer(payer: Account, payee: Account) -> None:
    outcome = send(payer, payee, "12.50", "tea")
    ring()
    funded, sent = found(payer)
    (received,) = found(payee)
    assert (funded["kind"], funded["data"]["counterparty"]) == ("money_received", "Florin")
    assert (sent["kind"], sent["data"]["counterparty"]) == ("money_sent", "Samir Second")
    assert (received["kind"], received["data"]["counterparty"]) == ("money_received", "Olivia Owner")
    for one in (sent, received):
        assert (one["data"]["amount"], one["data"]["amount_minor"], one["data"]["currency"]) == ("12.50", 1250, "INR")
        assert one["data"]["transaction"] == outcome.transaction.id
        assert (one["created_at"], one["read_at"]) == (outcome.transaction.completed_at, None)


def test_the_sender_alone_hears_of_a_refused_transfer(payer: Account, payee: Account) -> None:
    attempt(payer, payee, 9_999, "k")
    ring()
    refused = found(payer)[-1]
    assert (refused["kind"], refused["data"]["reason"]) == ("transfer_failed", "insufficient_funds")
    assert found(payee) == []


def test_the_owner_hears_of_each_change_of_the_account(payee: Account) -> None:
    for change in (account_freeze, account_unfreeze, account_close):
        change(account_id=payee.id, reason="at the customer's wish", origin=COMMAND)
    assert payee.owner is not None
    sleeping = account_open(owner=payee.owner, currency="EUR", origin=COMMAND, status="INACTIVE")
    account_activate(account_id=sleeping.id, reason="", origin=COMMAND)
    ring()
    kinds = [one["kind"] for one in found(payee)]
    assert kinds == ["account_frozen", "account_unfrozen", "account_closed", "account_activated"]
    assert found(payee)[0]["data"] == {"currency": "INR", "reason": "at the customer's wish"}


def test_told_twice_is_there_once_and_stays_read(payer: Account, payee: Account) -> None:
    send(payer, payee, 1, "k")
    ring()
    notifications().update_many({}, {"$set": {"read_at": now()}})
    before = found(payer)
    deliveries().update_many({}, {"$set": {"state": "PENDING", "finished_at": None}})
    for delivery in deliveries().find():
        BELL.deliver(Delivery.of(delivery))
    assert found(payer) == before
