"""A customer's own server is called with what the customer hears of, signed, and in no other place with anything."""

import json
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler
from typing import Any

import pytest
from bson.objectid import ObjectId
from pytest_django.fixtures import Settings
from standardwebhooks import Webhook as Verifier
from standardwebhooks import WebhookVerificationError
from structlog.testing import capture_logs

from accounts.models import User
from banking.outbox.records import DEAD, DELIVERED, PENDING
from banking.outbox.webhooks import Webhooks
from banking.services.webhooks import (
    webhook_enable,
    webhook_register,
    webhook_remove,
    webhook_secret_renew,
    webhook_test,
)
from banking.webhooks.addresses import NOT_PUBLIC
from banking.webhooks.records import EVENTS, Webhook, webhooks
from ledger.accounts import account_freeze
from ledger.audit import COMMAND
from ledger.records import Account
from ledger.store import DURABLE
from tests.banking.outbox.conftest import dispatch_all, kept_deliveries, kept_streams, relay_all
from tests.banking.receiver import Call, Receiver
from tests.ledger.conftest import attempt, send

HOOKS = Webhooks()


@pytest.fixture
def receiver() -> Iterator[Receiver]:
    with Receiver() as receiver:
        yield receiver


def register(account: Account, receiver: Receiver, *events: str, path: str = "") -> tuple[Webhook, str]:
    """Have the owner of an account called at the receiver, for these events or for all."""
    owner = User.objects.get(pk=account.owner)
    return webhook_register(user=owner, url=receiver.url + path, wanted=events or EVENTS, origin=COMMAND)


def go() -> None:
    """Do once what the worker does all the time."""
    relay_all(HOOKS)
    dispatch_all(HOOKS)


def again() -> None:
    """Let the pause after a failure be over."""
    kept_streams().update_many({}, [{"$set": {"due_at": "$$NOW"}}])
    dispatch_all(HOOKS)


def made(target: Webhook) -> list[dict[str, Any]]:
    """Return the deliveries to a webhook, oldest first."""
    return list(kept_deliveries().find({"target": target.id}).sort("position", 1))


def said(call: Call) -> dict[str, Any]:
    body: dict[str, Any] = json.loads(call.body)
    return body


def test_both_sides_are_called_with_their_own_side_and_nothing_more(
    payer: Account, payee: Account, receiver: Receiver
) -> None:
    relay_all(HOOKS)
    register(payer, receiver, path="/payer")
    register(payee, receiver, path="/payee")
    outcome = send(payer, payee, "12.50", "tea")
    go()
    by_path = {call.path: call for call in receiver.calls}
    assert set(by_path) == {"/hook/payer", "/hook/payee"}
    for path, direction, own, other in (
        ("/hook/payer", "DEBIT", payer, "Samir Second"),
        ("/hook/payee", "CREDIT", payee, "Olivia Owner"),
    ):
        body = said(by_path[path])
        assert (body["type"], set(body)) == ("transaction.completed", {"id", "type", "createdAt", "data"})
        assert body["data"] == {
            "transactionId": str(outcome.transaction.id),
            "accountId": str(own.id),
            "direction": direction,
            "amount": "12.50",
            "currency": "INR",
            "counterparty": other,
            "status": "COMPLETED",
            "reason": None,
        }
    assert str(payer.id) not in by_path["/hook/payee"].body.decode()
    assert b"alance" not in by_path["/hook/payee"].body


def test_a_call_is_signed_as_standard_webhooks_wants_it(payer: Account, payee: Account, receiver: Receiver) -> None:
    _, secret = register(payee, receiver)
    send(payer, payee, "1", "tea")
    go()
    (call,) = receiver.calls
    assert Verifier(secret).verify(call.body, call.headers) == said(call)
    assert call.headers["content-type"] == "application/json"
    with pytest.raises(WebhookVerificationError):
        Verifier(secret).verify(call.body.replace(b"1.00", b"9.00"), call.headers)
    with pytest.raises(WebhookVerificationError):
        Verifier(secret).verify(call.body, {**call.headers, "webhook-id": "another"})


def test_a_renewed_secret_signs_from_then_on(payer: Account, payee: Account, receiver: Receiver) -> None:
    webhook, old = register(payee, receiver)
    new = webhook_secret_renew(webhook=webhook, origin=COMMAND)
    send(payer, payee, "1", "tea")
    go()
    (call,) = receiver.calls
    Verifier(new).verify(call.body, call.headers)
    with pytest.raises(WebhookVerificationError):
        Verifier(old).verify(call.body, call.headers)


def test_a_refused_transfer_and_a_frozen_account_are_told_to_the_owner_alone(
    payer: Account, payee: Account, receiver: Receiver
) -> None:
    relay_all(HOOKS)
    register(payer, receiver, path="/payer")
    register(payee, receiver, path="/payee")
    attempt(payer, payee, "9999", "tea")
    account_freeze(account_id=payee.id, reason="Lost card", origin=COMMAND)
    go()
    told = {call.path: said(call) for call in receiver.calls}
    assert told["/hook/payer"]["data"]["reason"] == "insufficient_funds"
    assert told["/hook/payer"]["data"]["status"] == "FAILED"
    assert told["/hook/payee"]["type"] == "account.frozen"
    assert told["/hook/payee"]["data"] == {
        "accountId": str(payee.id),
        "currency": "INR",
        "status": "FROZEN",
        "reason": "Lost card",
    }
    assert len(receiver.calls) == 2


def test_only_the_kinds_that_are_wanted_are_told(payer: Account, payee: Account, receiver: Receiver) -> None:
    relay_all(HOOKS)
    register(payer, receiver, "transaction.failed")
    send(payer, payee, "1", "tea")
    attempt(payer, payee, "9999", "car")
    go()
    assert [said(call)["type"] for call in receiver.calls] == ["transaction.failed"]


def test_calls_of_an_account_keep_their_order(payer: Account, payee: Account, receiver: Receiver) -> None:
    register(payee, receiver)
    for number in range(1, 8):
        send(payer, payee, number, f"k{number}")
    go()
    assert [said(call)["data"]["amount"] for call in receiver.calls] == [f"{number}.00" for number in range(1, 8)]


def test_a_test_calls_this_webhook_alone(payee: Account, receiver: Receiver) -> None:
    webhook, secret = register(payee, receiver, "transaction.failed", path="/tested")
    register(payee, receiver, path="/other")
    webhook_test(webhook=webhook, origin=COMMAND)
    go()
    (call,) = receiver.calls
    assert call.path == "/hook/tested"
    body = Verifier(secret).verify(call.body, call.headers)
    assert (body["type"], body["data"]) == ("webhook.test", {})


@pytest.mark.parametrize("status", [200, 201, 204, 299])
def test_2xx_is_delivered(payer: Account, payee: Account, receiver: Receiver, status: int) -> None:
    receiver.status = status
    webhook, _ = register(payee, receiver)
    send(payer, payee, "1", "tea")
    go()
    (delivery,) = made(webhook)
    assert (delivery["state"], delivery["attempts"], delivery["last_error"]) == (DELIVERED, 1, "")


@pytest.mark.parametrize("status", [301, 304, 400, 401, 404, 409, 429, 500, 503])
def test_everything_else_is_tried_again_with_the_same_words_under_the_same_name(
    payer: Account, payee: Account, receiver: Receiver, status: int
) -> None:
    receiver.status = status
    webhook, secret = register(payee, receiver)
    send(payer, payee, "1", "tea")
    go()
    (delivery,) = made(webhook)
    assert (delivery["state"], delivery["attempts"]) == (PENDING, 1)
    assert str(status) in delivery["last_error"]
    assert delivery["due_at"] > delivery["created_at"]
    receiver.status = 200
    again()
    first, second = receiver.calls
    assert (first.body, first.headers["webhook-id"]) == (second.body, second.headers["webhook-id"])
    Verifier(secret).verify(second.body, second.headers)
    (delivery,) = made(webhook)
    assert (delivery["state"], delivery["attempts"], delivery["last_error"]) == (DELIVERED, 2, "")


def test_each_attempt_is_signed_at_its_own_time(
    payer: Account, payee: Account, receiver: Receiver, monkeypatch: pytest.MonkeyPatch
) -> None:
    receiver.status = 500
    register(payee, receiver)
    send(payer, payee, "1", "tea")
    for at in (1_000_000, 1_003_600):
        monkeypatch.setattr("banking.outbox.webhooks.time.time", lambda at=at: at + 0.5)
        relay_all(HOOKS)
        again()
    assert [call.headers["webhook-timestamp"] for call in receiver.calls] == ["1000000", "1003600"]


def test_a_server_that_fails_holds_up_no_other(payer: Account, payee: Account, receiver: Receiver) -> None:
    with Receiver(status=500) as broken:
        failing, _ = register(payee, broken)
        working, _ = register(payee, receiver)
        send(payer, payee, "1", "tea")
        send(payer, payee, "2", "cake")
        go()
    assert [one["state"] for one in made(failing)] == [PENDING, PENDING]
    assert [one["state"] for one in made(working)] == [DELIVERED, DELIVERED]
    assert [said(call)["data"]["amount"] for call in broken.calls] == ["1.00"]


def test_410_switches_the_webhook_off_and_the_rest_is_dropped_quietly(
    payer: Account, payee: Account, receiver: Receiver
) -> None:
    receiver.status = 410
    webhook, _ = register(payee, receiver)
    send(payer, payee, "1", "tea")
    send(payer, payee, "2", "cake")
    go()
    assert len(receiver.calls) == 1
    assert [one["state"] for one in made(webhook)] == [DELIVERED, DELIVERED]
    assert "410" in made(webhook)[0]["last_error"]
    assert "switched off" in made(webhook)[1]["last_error"]
    (document,) = webhooks().find({})
    assert (document["state"], "410" in document["reason"]) == ("DISABLED", True)
    send(payer, payee, "3", "pie")
    go()
    assert len(made(webhook)) == 2
    receiver.status = 200
    webhook_enable(webhook=Webhook.of(document), origin=COMMAND)
    send(payer, payee, "4", "jam")
    go()
    assert said(receiver.calls[-1])["data"]["amount"] == "4.00"


def test_what_was_waiting_for_a_removed_webhook_is_dropped_quietly(
    payer: Account, payee: Account, receiver: Receiver
) -> None:
    webhook, _ = register(payee, receiver)
    send(payer, payee, "1", "tea")
    relay_all(HOOKS)
    webhook_remove(webhook=webhook, origin=COMMAND)
    dispatch_all(HOOKS)
    (delivery,) = made(webhook)
    assert (delivery["state"], delivery["last_error"]) == (DELIVERED, "The webhook was removed.")
    assert receiver.calls == []


def test_a_secret_that_cannot_be_read_any_more_is_for_a_person_to_see(
    payer: Account, payee: Account, receiver: Receiver, settings: Settings
) -> None:
    webhook, _ = register(payee, receiver)
    send(payer, payee, "1", "tea")
    relay_all(HOOKS)
    old, settings.SECRET_KEY = settings.SECRET_KEY, "another key" * 6
    dispatch_all(HOOKS)
    (delivery,) = made(webhook)
    assert (delivery["state"], "Renew it" in delivery["last_error"]) == (DEAD, True)
    settings.SECRET_KEY_FALLBACKS = [old]
    send(payer, payee, "2", "cake")
    go()
    assert [said(call)["data"]["amount"] for call in receiver.calls] == ["2.00"]


def test_an_address_that_leads_inside_by_now_is_not_called_and_not_named(
    payer: Account, payee: Account, receiver: Receiver, settings: Settings
) -> None:
    webhook, _ = register(payee, receiver)
    send(payer, payee, "1", "tea")
    settings.WEBHOOK_ALLOWED_NETWORKS = []
    go()
    (delivery,) = made(webhook)
    assert (delivery["state"], delivery["last_error"]) == (PENDING, NOT_PUBLIC)
    assert receiver.calls == []


def test_logs_say_what_failed_and_neither_secret_nor_address(
    payer: Account, payee: Account, receiver: Receiver
) -> None:
    def redirect(handler: BaseHTTPRequestHandler) -> None:
        handler.send_response(302)
        handler.send_header("Location", "http://169.254.169.254/hidden")
        handler.end_headers()

    receiver.answer = redirect
    webhook, secret = register(payee, receiver, path="?token=hidden")
    send(payer, payee, "1", "tea")
    with capture_logs() as lines:
        go()
    text = str(lines)
    assert str(webhook.id) in text
    assert "redirects are not followed" in text
    for hidden in ("hidden", secret, secret.removeprefix("whsec_"), "127.0.0.1"):
        assert hidden not in text
        assert hidden not in str(made(webhook)[0])


def test_a_webhook_of_somebody_else_is_not_called_by_a_forged_delivery(
    payer: Account, payee: Account, receiver: Receiver
) -> None:
    webhook, _ = register(payee, receiver)
    send(payer, payee, "1", "tea")
    relay_all(HOOKS)
    webhooks().with_options(write_concern=DURABLE).update_one({"_id": webhook.id}, {"$set": {"owner": ObjectId()}})
    dispatch_all(HOOKS)
    assert receiver.calls == []
