"""Webhooks, notifications and dead letters for everybody: axe-core in both themes at three widths."""

from collections.abc import Callable

from bson.int64 import Int64
from playwright.sync_api import Page, expect

from accounts.models import User
from banking.outbox.records import DEAD, PENDING
from banking.services.webhooks import webhook_disable, webhook_register
from banking.webhooks.records import EVENTS
from ledger.audit import COMMAND
from tests.e2e.story import account_with
from tests.e2e.test_accessible import check, look
from tests.web.outbox import deliver, notify

SignIn = Callable[[Page, User], None]
LONG = "http://127.0.0.1:9001/a/very/long/path/that/goes/on/and/on/and/does/not/end/for/quite/a/while?shop=17"


def test_a_customers_webhooks(page: Page, owner: User, sign_in: SignIn) -> None:
    account = account_with(owner, 10)
    off, _ = webhook_register(user=owner, url=LONG, wanted=EVENTS[:1], origin=COMMAND)
    webhook_disable(webhook_id=off.id, reason="The server answered 410 Gone, so it is not called any more.")
    states = (("DELIVERED", 1), (PENDING, 0), (PENDING, 3), (DEAD, 34))
    for number, (state, attempts) in enumerate(states, start=1):
        error = "The server answered 503." if attempts > 1 else ""
        deliver(
            owner, number, target=off.id, account=account.id, state=state, attempts=Int64(attempts), last_error=error
        )
    sign_in(page, owner)
    check(page, f"/webhooks/{off.id}")
    page.goto("/webhooks")
    page.get_by_label("Address").fill("http://10.0.0.1/")
    page.get_by_role("button", name="Add webhook").click()
    expect(page.locator(".field-error").first).to_be_visible()
    look(page)
    page.get_by_label("Address").fill("http://127.0.0.1:9000/")
    page.get_by_role("button", name="Add webhook").click()
    expect(page.get_by_text("Copy the secret now")).to_be_visible()
    look(page)


def test_notifications(page: Page, owner: User, sign_in: SignIn) -> None:
    sign_in(page, owner)
    for number in range(120):
        notify(owner, number)
    words = {"currency": "INR", "reason": "Lost card, as you told us on the telephone this morning"}
    notify(owner, 121, kind="account_frozen", data=words)
    check(page, "/notifications")


def test_dead_letters(page: Page, owner: User, admin: User, sign_in: SignIn) -> None:
    account = account_with(owner, 10)
    for number in range(1, 4):
        deliver(owner, number, account=account.id, state=DEAD, last_error="The server answered 503.")
    sign_in(page, admin)
    check(page, "/admin/dead-letters")
    page.get_by_role("link", name="Try all again").click()
    expect(page.get_by_role("dialog")).to_be_visible()
    look(page)
