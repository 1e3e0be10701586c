"""A webhook from its first test to a call that fails, as its owner sees it, with a real worker and a real receiver."""

import json
import os
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path
from threading import Event as Flag

import pytest
from bson.int64 import Int64
from django.db import connection
from playwright.sync_api import Page, expect
from standardwebhooks import Webhook as Verifier

from accounts.models import User
from banking import worker
from banking.outbox.records import deliveries, hastily, streams
from tests.banking.receiver import Receiver
from tests.e2e.story import account_with, find_and_review

ROOT = Path(__file__).resolve().parents[2]
SignIn = Callable[[Page, User], None]


def work_once() -> None:
    """Do what is due as a worker does; a tenth of the time that starting one takes."""
    worker.work_once(Flag())


def run_worker_once() -> None:
    """Run a real worker until it has done what is due."""
    environment = {**os.environ, "MONGODB_DATABASE": connection.settings_dict["NAME"]}
    command = [sys.executable, "manage.py", "run_worker", "--once"]
    subprocess.run(command, cwd=ROOT, env=environment, check=True, capture_output=True, timeout=60)


def newest_call_says(page: Page, *words: str) -> None:
    """Look at the first row of the log until it says all of this; what a worker notes, it notes in haste."""
    ends = time.monotonic() + 10
    while True:
        page.reload()
        text = page.get_by_role("row").nth(1).inner_text()
        if all(word in text for word in words):
            return
        assert time.monotonic() < ends, text


def send_money(page: Page, amount: str) -> None:
    page.get_by_role("link", name="Send", exact=True).click()
    find_and_review(page, "sam", "Samir Second", amount)
    page.get_by_role("button", name="Send ₹").click()
    expect(page.get_by_role("heading", name="Money sent")).to_be_visible()


def test_a_shop_hears_of_its_payments(page: Page, owner: User, second: User, admin: User, sign_in: SignIn) -> None:
    account_with(owner, 1_000)
    account_with(second)
    sign_in(page, owner)
    with Receiver() as receiver:
        # The menu leads to the page, and the secret is shown once.
        page.goto("/dashboard")
        page.locator(".menu > summary").click()
        page.get_by_role("link", name="Webhooks").click()
        page.get_by_label("Address").fill(receiver.url)
        page.get_by_role("button", name="Add webhook").click()
        secret = page.locator(".secret-text").inner_text()
        page.get_by_role("link", name="I have copied it").click()
        log = page.url

        # A test arrives, signed.
        page.get_by_role("button", name="Send a test").click()
        expect(page.get_by_role("status").first).to_contain_text("A test is on its way")
        run_worker_once()
        expect(page.locator("#webhook-calls")).to_contain_text("Delivered")  # without being asked
        newest_call_says(page, "A test", "Delivered")
        assert Verifier(secret).verify(receiver.calls[-1].body, receiver.calls[-1].headers)["type"] == "webhook.test"

        # So does a transfer, and the bell knows of it too.
        send_money(page, "250.75")
        work_once()
        (call,) = [one for one in receiver.calls if b"250.75" in one.body]
        assert Verifier(secret).verify(call.body, call.headers)["data"]["counterparty"] == "Samir Second"
        expect(page.get_by_role("banner")).to_contain_text("Notifications")
        page.goto(log)
        newest_call_says(page, "Money sent or received", "Delivered")

        # The receiver fails: the call is tried again, which the log says.
        receiver.status = 503
        send_money(page, "1")
        work_once()
        page.goto(log)
        newest_call_says(page, "Trying again", "The server answered 503.", "the next is due")

        # It fails for a day and is given up.
        hastily(deliveries()).update_many({"state": "PENDING"}, {"$set": {"attempts": Int64(33)}})
        hastily(streams()).update_many({}, [{"$set": {"due_at": "$$NOW"}}])
        work_once()
        newest_call_says(page, "Given up")

        # An administrator gives it another chance, and the receiver is well again.
        receiver.status = 200
        page.context.clear_cookies()
        sign_in(page, admin)
        page.goto("/dashboard")
        page.get_by_role("link", name="Admin").click()
        page.get_by_role("link", name="Dead letters").click()
        expect(page.get_by_role("row").nth(1)).to_contain_text("Olivia Owner")
        page.get_by_role("link", name="Try all again").click()
        page.get_by_role("dialog").get_by_role("button", name="Try all again").click()
        expect(page.get_by_role("status").first).to_contain_text("1 delivery is tried again")
        work_once()
        assert json.loads(receiver.calls[-1].body)["data"]["amount"] == "1.00"
        page.context.clear_cookies()
        sign_in(page, owner)
        page.goto(log)
        newest_call_says(page, "Delivered")


def test_what_happened_shows_at_the_bell(page: Page, owner: User, second: User, sign_in: SignIn) -> None:
    account_with(owner, 1_000)
    account_with(second)
    sign_in(page, owner)
    page.goto("/dashboard")
    send_money(page, "12")
    work_once()
    sign_in(page, second)
    page.goto("/dashboard")
    page.get_by_role("link", name="Notifications, 1 new").click()
    expect(page.get_by_role("listitem").filter(has_text="Money from Olivia Owner")).to_contain_text("+₹12.00")
    page.get_by_role("button", name="Mark all as read").click()
    expect(page.get_by_role("link", name="Notifications", exact=True)).to_be_visible()
    page.get_by_role("link", name="Money from Olivia Owner").click()
    expect(page.get_by_role("heading", name="Money received")).to_be_visible()


@pytest.mark.parametrize("change", ["Renew secret", "Remove"])
def test_a_question_is_asked_in_a_dialog(page: Page, owner: User, sign_in: SignIn, change: str) -> None:
    sign_in(page, owner)
    with Receiver() as receiver:
        page.goto("/webhooks")
        page.get_by_label("Address").fill(receiver.url)
        page.get_by_role("button", name="Add webhook").click()
    page.get_by_role("link", name="I have copied it").click()
    page.get_by_role("link", name=change).click()
    dialog = page.get_by_role("dialog")
    expect(dialog.get_by_role("heading")).to_contain_text("?")
    dialog.get_by_role("link", name="Cancel").click()
    expect(dialog).to_be_hidden()
    page.get_by_role("link", name=change).click()
    dialog.get_by_role("button", name=change).click()
    heading = "The secret is renewed" if change == "Renew secret" else "Webhooks"
    expect(page.get_by_role("heading", name=heading, level=1)).to_be_visible()
