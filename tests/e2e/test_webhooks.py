"""A webhook from its first test to a call that fails, as its owner sees it, with a real worker and a real receiver."""

import json
import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest
from django.db import connection
from playwright.sync_api import Locator, Page, expect
from standardwebhooks import Webhook as Verifier

from accounts.models import User
from banking.outbox.records import deliveries, streams
from tests.banking.receiver import Receiver
from tests.e2e.story import account_with, find_and_review

ROOT = Path(__file__).resolve().parents[2]
SignIn = Callable[[Page, User], None]


def work_once() -> None:
    """Run a real worker until it has done what is due."""
    environment = {**os.environ, "MONGODB_DATABASE": connection.settings_dict["NAME"]}
    command = [sys.executable, "manage.py", "run_worker", "--once"]
    subprocess.run(command, cwd=ROOT, env=environment, check=True, capture_output=True, timeout=60)


def newest_call(page: Page) -> Locator:
    """Return the first row of the log, after loading it anew."""
    page.reload()
    return page.get_by_role("row").nth(1)


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
        work_once()
        expect(newest_call(page)).to_contain_text("Delivered")
        assert Verifier(secret).verify(receiver.calls[-1].body, receiver.calls[-1].headers)["type"] == "webhook.test"

        # So does a transfer, and the bell knows of it too.
        send_money(page, "250.75")
        work_once()
        (call,) = [one for one in receiver.calls if b"250.75" in one.body]
        assert Verifier(secret).verify(call.body, call.headers)["data"]["counterparty"] == "Samir Second"
        expect(page.get_by_role("banner")).to_contain_text("Notifications")
        page.goto(log)
        expect(newest_call(page)).to_contain_text("Money sent or received")
        expect(newest_call(page)).to_contain_text("Delivered")

        # The receiver fails: the call is tried again, which the log says.
        receiver.status = 503
        send_money(page, "1")
        work_once()
        page.goto(log)
        expect(newest_call(page)).to_contain_text("Trying again")
        expect(newest_call(page)).to_contain_text("The server answered 503.")
        expect(newest_call(page)).to_contain_text("Next attempt")

        # It fails for a day and is given up.
        deliveries().update_many({"state": "PENDING"}, {"$set": {"attempts": 33}}, bypass_document_validation=True)
        streams().update_many({}, [{"$set": {"due_at": "$$NOW"}}])
        work_once()
        expect(newest_call(page)).to_contain_text("Given up")

        # An administrator gives it another chance, and the receiver is well again.
        receiver.status = 200
        page.context.clear_cookies()
        sign_in(page, admin)
        page.goto("/dashboard")
        page.locator(".menu > summary").click()
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
        expect(newest_call(page)).to_contain_text("Delivered")


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
