"""Every page for everybody: axe-core in both themes at three widths, no sideways scrolling, the keyboard alone."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import axe_core_python
import pytest
from playwright.sync_api import Page, expect

from accounts.models import User
from ledger.accounts import account_freeze
from ledger.audit import COMMAND
from ledger.errors import TransferRefused
from ledger.records import now
from ledger.transfers import transfer_execute
from ledger.verifications import full_record
from ledger.verify import verify
from tests.e2e.conftest import HEIGHTS
from tests.e2e.story import account_with, balance
from tests.ledger.conftest import inspected
from tests.ledger.damages import damaged

SignIn = Callable[[Page, User], None]
AXE = (Path(axe_core_python.__file__).parent / "axe.min.js").read_text()
RULES = ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"]
KEY = "a" * 32
# WCAG 2.5.8: 24 by 24 pixels, except for links within a sentence.
SMALL_TARGETS = """
() => [...document.querySelectorAll("a, button, input, select, textarea, summary")].filter(element => {
  const box = element.getBoundingClientRect();
  const target = element.closest(".field-control") || element;
  const size = target.getBoundingClientRect();
  const isHidden = !element.checkVisibility({visibilityProperty: true}) || box.width <= 1;
  return !isHidden && getComputedStyle(element).display !== "inline" && (size.width < 24 || size.height < 24);
}).map(element => element.outerHTML.slice(0, 160))
"""


def violations(page: Page) -> list[str]:
    """Return what axe-core finds on the page as it is now, one line each."""
    page.evaluate(f"window.axe || (() => {{ {AXE} }})()")
    found: list[dict[str, Any]] = page.evaluate(
        "tags => axe.run(document, {runOnly: {type: 'tag', values: tags}, resultTypes: ['violations']})"
        ".then(result => result.violations)",
        RULES,
    )
    return [f"{one['id']}: {[node['html'][:160] for node in one['nodes']]}" for one in found]


def check(page: Page, address: str) -> None:
    """Open a page and look at it in both themes at every width."""
    page.goto(address)
    look(page)


def look(page: Page) -> None:
    """Look at the page that is open in both themes at every width."""
    problems = []
    for width, height in HEIGHTS.items():
        page.set_viewport_size({"width": width, "height": height})
        assert page.evaluate("document.documentElement.scrollWidth") <= width, f"{page.url} scrolls at {width}"
        assert page.evaluate(SMALL_TARGETS) == [], f"{page.url} has small targets at {width}"
        for theme in ("light", "dark"):
            page.emulate_media(color_scheme=theme, reduced_motion="reduce")
            problems += [f"{page.url} {width} {theme} {problem}" for problem in violations(page)]
    assert problems == []


def test_public_pages(page: Page) -> None:
    for address in ("/", "/login", "/register", "/proof", "/api/docs", "/nothing-here"):
        check(page, address)
    page.goto("/register")
    page.get_by_role("button", name="Open my account").click()
    expect(page.locator(".field-error").first).to_be_visible()
    look(page)


def test_all_of_the_page_about_the_api(page: Page) -> None:
    page.goto("/api/docs")
    expect(page.locator("details[open]")).to_have_count(0)
    page.locator("#operation-sendMoney summary").click()
    expect(page.get_by_label("Command to send money", exact=True)).to_contain_text("curl -X POST http")
    page.evaluate("document.querySelectorAll('details').forEach(one => { one.open = true })")
    look(page)


@pytest.fixture
def customers(owner: User, second: User) -> list[str]:
    """The addresses of the customer's pages, after a payment that worked and one that did not."""
    account, receiver = account_with(owner, 1_000), account_with(second)
    paid = _pay(owner, account, receiver, "250.75", key=KEY)
    failed = _pay(owner, account, receiver, "5000", key="b" * 32)
    return [
        "/dashboard",
        f"/send?to={receiver.id}",
        f"/send/{KEY}/result?account={account.id}",
        f"/send/{'b' * 32}/result?account={account.id}",
        "/transactions",
        "/transactions?words=nothing-like-it&since=2026-01-01",
        "/transactions/failed",
        f"/transactions/{paid}",
        f"/transactions/{failed}",
        "/admin/users",
    ]


def _pay(owner: User, account: Any, receiver: Any, amount: str, *, key: str) -> str:
    try:
        outcome = transfer_execute(
            sender=account, receiver=receiver.id, amount=amount, key=key, owner=owner.pk, origin=COMMAND, note="Dinner"
        )
    except TransferRefused as refused:
        return str(refused.transaction.id)
    return str(outcome.transaction.id)


def test_a_customers_pages(page: Page, owner: User, customers: list[str], sign_in: SignIn) -> None:
    sign_in(page, owner)
    for address in customers:
        check(page, address)
    page.goto(customers[1])
    page.get_by_role("button", name="Review transfer").click()
    look(page)
    page.get_by_label("Amount").fill("1")
    page.get_by_role("button", name="Review transfer").click()
    expect(page.get_by_role("heading", name="Review transfer")).to_be_visible()
    look(page)


def test_a_frozen_and_an_empty_bank(page: Page, owner: User, second: User, sign_in: SignIn) -> None:
    account = account_with(owner, 10)
    account_freeze(account_id=account.id, reason="Lost card", origin=COMMAND)
    sign_in(page, owner)
    for address in ("/dashboard", "/send"):
        check(page, address)
    page.context.clear_cookies()
    sign_in(page, second)
    for address in ("/dashboard", "/send", "/transactions"):
        check(page, address)


def test_an_admins_pages(page: Page, owner: User, admin: User, sign_in: SignIn) -> None:
    account = account_with(owner, 10)
    sign_in(page, admin)
    for address in (
        "/admin/users",
        "/admin/users?words=nobody-like-that",
        "/admin/integrity",
        f"/admin/accounts/{account.id}/freeze",
    ):
        check(page, address)
    page.goto("/admin/users")
    page.get_by_role("row").filter(has_text="Olivia").get_by_role("link", name="Freeze").click()
    expect(page.get_by_role("dialog")).to_be_visible()
    look(page)


def test_the_integrity_page_when_something_is_wrong(page: Page, owner: User, admin: User, sign_in: SignIn) -> None:
    account = account_with(owner, 10)
    inspected()
    damaged("ledger_accounts", {"_id": account.id}, {"$set": {"head_hash": bytes(32)}})
    full_record(verify(), started_at=now())
    sign_in(page, admin)
    check(page, "/admin/integrity")
    expect(page.get_by_role("alert")).to_contain_text("Something is wrong")


def test_money_is_sent_with_the_keyboard_alone(page: Page, owner: User, second: User, sign_in: SignIn) -> None:
    account_with(owner, 1_000)
    receiver = account_with(second)
    sign_in(page, owner)
    page.goto("/dashboard")
    page.keyboard.press("Tab")
    expect(page.get_by_role("link", name="Skip to the content")).to_be_focused()
    page.keyboard.press("Enter")
    expect(page.locator("#main")).to_be_focused()
    tab_to(page, "a.button[href^='/send']")
    page.keyboard.press("Enter")
    page.wait_for_url("**/send/*")
    tab_to(page, "[name=words]")
    page.keyboard.type("sam", delay=20)
    page.get_by_text("People found").wait_for()
    tab_to(page, "[name=person]")
    page.keyboard.press("Space")
    tab_to(page, "[name=amount]")
    page.keyboard.type("250.75")
    page.keyboard.press("Enter")
    page.wait_for_url("**/review")
    tab_to(page, "form[action$='/confirm'] button")
    page.keyboard.press("Enter")
    expect(page.get_by_role("heading", name="Money sent")).to_be_visible()
    assert balance(receiver) == 25_075


def tab_to(page: Page, selector: str) -> None:
    """Press Tab until the element has the focus, which every stop on the way must show."""
    for _ in range(40):
        page.keyboard.press("Tab")
        assert page.evaluate(
            "(() => { const element = document.activeElement;"
            " const shows = one => one && (getComputedStyle(one).boxShadow !== 'none'"
            " || getComputedStyle(one).outlineStyle !== 'none');"
            " return shows(element) || shows(element.parentElement)"
            " || getComputedStyle(element, '::after').boxShadow !== 'none'; })()"
        ), "the focus does not show"
        if page.evaluate("selector => document.activeElement.matches(selector)", selector):
            return
    raise AssertionError(f"{selector} cannot be reached with Tab")
