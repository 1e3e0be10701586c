"""Every page of the bank in each state worth looking at: the one table behind the browser tests and the screenshots.

A page that is new gets a row here, and with it everything that `test_places` looks at and a picture in
`docs/screenshots`. What the addresses name, `tests.e2e.stage` sets up.
"""

from collections.abc import Callable
from dataclasses import dataclass
from enum import StrEnum
from typing import Any
from unittest.mock import patch

from django.core.exceptions import SuspiciousOperation
from django.test import Client, RequestFactory, override_settings
from django.urls import resolve
from playwright.sync_api import Page, expect

from banking.errors import RateLimited, failure_of
from banking.web.failures import failed
from ledger.errors import TryAgain
from ledger.findings import CHAIN, I1, Report
from ledger.records import now
from ledger.verifications import full_record


class Who(StrEnum):
    """Who looks at a page."""

    NOBODY = "nobody"
    OWNER = "owner"
    FRESH = "fresh"
    FROZEN = "frozen"
    LONG = "long"
    ADMIN = "admin"
    PORTUGUESE = "portuguese"


@dataclass(frozen=True, slots=True)
class Place:
    """A row of the table.

    Args:
        name: what the test and the screenshots are called.
        who: who looks.
        path: the address; `{account}` and the like are ids of the stage.
        says: words that are there to be read, so that it is the page that is meant.
        act: what is done before it is looked at.
        shows: the name of the address that one ends at, where it is not that of `path`.
        status: what the address answers.
        is_scripted: whether this state exists with JavaScript only.
        answer: makes the answer, for a failure that no address can be brought to from outside.
        before: what is done to the bank, where a state of all of it is looked at.
        is_pictured: whether there is a screenshot of it.
        meant: words of what is found there and is as it should be.
    """

    name: str
    who: Who
    path: str
    says: str
    act: Callable[[Page], None] | None = None
    shows: str = ""
    status: int = 200
    is_scripted: bool = False
    answer: Callable[[], Any] | None = None
    before: Callable[[], object] | None = None
    is_pictured: bool = True
    meant: tuple[str, ...] = ()


def press(name: str) -> Callable[[Page], None]:
    """Press the button that is called like this."""
    return lambda page: page.get_by_role("main").get_by_role("button", name=name).first.click()


def follow(name: str) -> Callable[[Page], None]:
    """Follow the link that is called like this."""
    return lambda page: page.get_by_role("main").get_by_role("link", name=name).first.click()


def ask(name: str) -> Callable[[Page], None]:
    """Follow the link that opens a question in a dialog."""

    def act(page: Page) -> None:
        follow(name)(page)
        expect(page.get_by_role("dialog")).to_be_visible()

    return act


def look(page: Page) -> None:
    """Open the details of the first transaction in a dialog."""
    page.locator("tbody a.entry-who").first.click()
    expect(page.get_by_role("dialog")).to_be_visible()


def fill(button: str, **values: str) -> Callable[[Page], None]:
    """Fill in the fields by their names and press the button."""

    def act(page: Page) -> None:
        for name, value in values.items():
            page.locator(f"main [name={name}]").first.fill(value)
        press(button)(page)

    return act


def _menu(page: Page) -> None:
    page.locator(".menu > summary").first.click()
    expect(page.get_by_role("button", name="Sign out")).to_be_visible()


def _unfold(page: Page) -> None:
    """Open one of the many endpoints, which are all made alike."""
    page.locator("#operation-sendMoney summary").first.click()
    expect(page.get_by_label("Command to send money", exact=True)).to_contain_text("curl -X POST http")


def _search(page: Page) -> None:
    page.locator("[name=words]").press_sequentially("chi", delay=10)
    page.get_by_text("People found").wait_for()


def _search_in_vain(page: Page) -> None:
    page.locator("[name=words]").press_sequentially("zz", delay=10)
    page.get_by_text("Nobody found").wait_for()


def _type_too_much(page: Page) -> None:
    page.locator("[name=amount]").press_sequentially("10000000.5")
    page.locator("[name=note]").fill("Dinner")


def _type_a_number(page: Page) -> None:
    page.get_by_text("Pay an account number instead").click()
    page.locator("[name=to_account]").fill("0" * 24)
    page.get_by_text("no account with this number").wait_for()


def _paste_nonsense(page: Page) -> None:
    page.get_by_text("Paste lines instead").click()
    page.get_by_text("How to write the list").click()
    fill("Check the list", text="a,1,2,3")(page)


def _ask_to_remove(page: Page) -> None:
    page.get_by_text("Remove this list").click()


def _ask_to_repeat(page: Page) -> None:
    page.get_by_text("Pay this list again").click()


def _without_protection(page: Page) -> None:
    page.context.clear_cookies(name="csrftoken")
    press("Sign in")(page)


def failing(error: Exception) -> Callable[[], Any]:
    """Return what makes the answer to a request in which this goes wrong."""

    def answer() -> Any:
        with patch("banking.web.views.proof.public_keys", side_effect=error):
            return Client(raise_request_exception=False).get("/proof")

    return answer


def _outcome_unknown() -> Any:
    request = RequestFactory().post(f"/send/{'a' * 32}/confirm")
    request.resolver_match = resolve(request.path)
    return failed(request, failure_of(TryAgain()))


def verified(*broken: str) -> Callable[[], object]:
    """Return what keeps the result of a whole verification that has found these invariants broken, or none."""

    def verify() -> None:
        report = Report(accounts=21, transactions=1046, entries=2080)
        report.add_all((code, f"account {'6b' * 12}: entry 17 does not follow from entry 16") for code in broken)
        full_record(report, started_at=now())

    return verify


def _design() -> Any:
    """Return the page that there is in development alone."""
    with override_settings(FLORIN_ENV="development"):
        return Client().get("/design")


# The page shows everything in both themes, so twice, and letters of any size in a small field.
_TWICE = ("duplicate-id", "landmark-unique", "swatch-text", "scrollable-region-focusable")

PUBLIC = [
    Place("landing", Who.NOBODY, "/", "Open an account"),
    Place("register", Who.NOBODY, "/register", "Open my account"),
    Place("register-errors", Who.NOBODY, "/register", "has to be filled in", press("Open my account")),
    Place("login", Who.NOBODY, "/login?next=/send", "Sign in"),
    Place(
        "login-errors",
        Who.NOBODY,
        "/login",
        "is wrong",
        fill("Sign in", email="asha@florin.example", password="wrong"),
    ),
    Place("proof", Who.NOBODY, "/proof", "Accounts in it"),
    Place("proof-unsigned", Who.NOBODY, "/proof", "Nothing is signed yet", answer=lambda: Client().get("/proof")),
    Place("design", Who.NOBODY, "/design", "Components", answer=_design, meant=_TWICE),
    Place("api-docs", Who.NOBODY, "/api/docs", "curl", _unfold),
]

FAILURES = [
    Place("not-found", Who.NOBODY, "/nothing-here", "404", status=404),
    Place("not-found-signed-in", Who.OWNER, "/transactions/{no_such}", "404", status=404, is_pictured=False),
    Place("forbidden", Who.OWNER, "/admin/users", "403", status=403),
    Place("wrong-method", Who.OWNER, "/theme", "405", status=405, is_pictured=False),
    Place("form-expired", Who.NOBODY, "/login", "expired", _without_protection, is_pictured=False),
    Place(
        "bad-request",
        Who.NOBODY,
        "/wrong/400",
        "400",
        status=400,
        answer=failing(SuspiciousOperation()),
        is_pictured=False,
    ),
    Place("too-many", Who.NOBODY, "/wrong/429", "429", status=429, answer=failing(RateLimited(40))),
    Place("crash", Who.NOBODY, "/wrong/500", "500", status=500, answer=failing(RuntimeError())),
    Place("busy", Who.NOBODY, "/wrong/503", "503", status=503, answer=failing(TryAgain())),
]

HOME = [
    Place("dashboard", Who.OWNER, "/dashboard", "Asha"),
    Place("dashboard-dollars", Who.OWNER, "/dashboard?account={dollars}", "$240.00"),
    Place("dashboard-menu", Who.OWNER, "/dashboard", "Sign out", _menu),
    Place("dashboard-empty", Who.FRESH, "/dashboard", "Open"),
    Place("dashboard-frozen", Who.FROZEN, "/dashboard", "Frozen"),
    Place("dashboard-long", Who.LONG, "/dashboard", "Maximiliana"),
]

SENDING = [
    Place("send", Who.OWNER, "/send", "Send money", shows="send_form"),
    Place("send-search", Who.OWNER, "/send", "People found", _search, shows="send_form", is_scripted=True),
    Place("send-nobody", Who.OWNER, "/send", "Nobody found", _search_in_vain, shows="send_form", is_scripted=True),
    Place(
        "send-limit",
        Who.OWNER,
        "/send?to={friend}",
        "the most for",
        _type_too_much,
        shows="send_form",
        is_scripted=True,
    ),
    Place("send-number", Who.OWNER, "/send", "no account", _type_a_number, shows="send_form", is_scripted=True),
    Place("send-unknown", Who.NOBODY, "/wrong/503", "do not know yet", status=503, answer=_outcome_unknown),
    Place(
        "send-errors",
        Who.OWNER,
        "/send?to={friend}",
        "has to be filled in",
        press("Review transfer"),
        shows="send_form",
    ),
    Place(
        "send-review",
        Who.OWNER,
        "/send?to={friend}",
        "You send",
        fill("Review transfer", amount="1250.75", note="Dinner"),
        shows="send_review",
    ),
    Place("send-result", Who.OWNER, "/send/{paid_key}/result?account={account}", "Money sent"),
    Place("send-failed", Who.OWNER, "/send/{failed_key}/result?account={account}", "1 of 3"),
    Place("send-given-up", Who.OWNER, "/send/{given_up_key}/result?account={account}", "3 of 3"),
    Place("send-no-account", Who.FRESH, "/send", "account", shows="send_form"),
    Place("send-frozen", Who.FROZEN, "/send", "frozen", shows="send_form"),
    Place("send-long", Who.LONG, "/send?to={friend}", "₹", shows="send_form"),
    Place("send-many", Who.OWNER, "/send/many", "wrong.csv"),
    Place("send-many-frozen", Who.FROZEN, "/send/many", "frozen"),
    Place("send-many-errors", Who.OWNER, "/send/many", "4 columns", _paste_nonsense),
    Place("send-run", Who.OWNER, "/send/many/{run_checked}", "Bruno Silva"),
    Place("send-run-doubtful", Who.OWNER, "/send/many/{run_doubtful}", "out and pay"),
    Place("send-run-wrong", Who.OWNER, "/send/many/{run_wrong}", "cannot be paid", _ask_to_remove),
    Place("send-run-all", Who.OWNER, "/send/many/{run_wrong}?show=all&page=2", "Page 2 of 2"),
    Place("send-run-halted", Who.OWNER, "/send/many/{run_halted}", "Go on"),
    Place("send-run-done", Who.OWNER, "/send/many/{run_done}", "Payments made", _ask_to_repeat),
]

HISTORY = [
    Place("transactions", Who.OWNER, "/transactions", "Groceries"),
    Place("transactions-none", Who.OWNER, "/transactions?words=nothing-like-it", "Nothing"),
    Place(
        "transactions-wrong-days",
        Who.OWNER,
        "/transactions?since=2026-05-02&until=2026-05-01",
        "before the first",
        status=422,
    ),
    Place("transactions-empty", Who.FRESH, "/transactions", "account"),
    Place("transactions-long", Who.LONG, "/transactions", "₹99,99,99,999.99"),
    Place("transactions-failed", Who.OWNER, "/transactions/failed", "A house"),
    Place("transaction", Who.OWNER, "/transactions/{paid}", "Dinner"),
    Place("transaction-failed", Who.OWNER, "/transactions/{failed}", "Try again"),
    Place("transaction-long", Who.LONG, "/transactions/{long}", "lantern"),
    Place("statements", Who.OWNER, "/statements", "Closing balance"),
    Place("statements-year", Who.OWNER, "/statements?period=this-year", "Closing balance"),
    Place(
        "statements-wrong-days",
        Who.OWNER,
        "/statements?from=2026-05-02&to=2026-05-01",
        "before the first",
        status=422,
    ),
    Place("statements-empty", Who.FRESH, "/statements", "account"),
    Place("statements-long", Who.LONG, "/statements", "Closing balance"),
    Place("statements-admin", Who.ADMIN, "/statements?account={account}", "of Asha Rao"),
]

MESSAGES = [
    Place("notifications", Who.OWNER, "/notifications", "Mark all as read"),
    Place("notifications-unread", Who.OWNER, "/notifications?show=unread", "Mark all as read"),
    Place("notifications-none-unread", Who.FRESH, "/notifications?show=unread", "You have read everything"),
    Place("notifications-empty", Who.FRESH, "/notifications", "Nothing"),
    Place("profile", Who.OWNER, "/profile", "This browser"),
    Place("profile-long", Who.LONG, "/profile", "This browser"),
    Place("profile-admin", Who.ADMIN, "/profile", "Administrator"),
    Place(
        "profile-errors",
        Who.OWNER,
        "/profile",
        "has to be filled in",
        press("Change password"),
        shows="profile_password",
    ),
    Place("profile-sign-out", Who.OWNER, "/profile/sessions/all", "Sign out everywhere?"),
    Place("profile-dialog", Who.OWNER, "/profile", "?", ask("Sign out everywhere"), is_scripted=True),
    Place("webhooks", Who.OWNER, "/webhooks", "Add webhook"),
    Place("webhooks-empty", Who.FRESH, "/webhooks", "Add webhook"),
    Place("webhooks-errors", Who.FRESH, "/webhooks", "address", fill("Add webhook", url="http://10.0.0.1/")),
    Place("webhook", Who.OWNER, "/webhooks/{webhook}", "Delivered"),
    Place("webhook-off", Who.OWNER, "/webhooks/{webhook_off}", "410 Gone"),
    Place("webhook-renew", Who.OWNER, "/webhooks/{webhook}/renew", "Renew"),
    Place("webhook-remove", Who.OWNER, "/webhooks/{webhook}/remove", "Remove"),
    Place("webhook-dialog", Who.OWNER, "/webhooks/{webhook}", "?", ask("Remove"), is_scripted=True),
]

ADMIN = [
    Place("admin-overview", Who.ADMIN, "/admin", "Latest failures"),
    Place("admin-overview-months", Who.ADMIN, "/admin?by=month&currency=USD", "12 months"),
    Place("admin-users", Who.ADMIN, "/admin/users", "Asha Rao"),
    Place("admin-users-none", Who.ADMIN, "/admin/users?words=nobody-like-that", "Nobody"),
    Place("admin-freeze", Who.ADMIN, "/admin/accounts/{account}/freeze", "Freeze"),
    Place("admin-unfreeze", Who.ADMIN, "/admin/accounts/{frozen}/unfreeze", "Unfreeze"),
    Place("admin-dialog", Who.ADMIN, "/admin/users", "Reason", ask("Freeze"), is_scripted=True),
    Place("admin-users-frozen", Who.ADMIN, "/admin/users?show=frozen", "Frozen"),
    Place("admin-frozen-already", Who.ADMIN, "/admin/accounts/{frozen}/freeze", "already frozen"),
    Place("admin-user", Who.ADMIN, "/admin/users/{user}", "Audit trail"),
    Place("admin-transactions", Who.ADMIN, "/admin/transactions", "Of the whole bank"),
    Place("admin-transactions-none", Who.ADMIN, "/admin/transactions?status=PENDING", "Nothing matches"),
    Place("admin-transactions-errors", Who.ADMIN, "/admin/transactions?who=zzz&least=x", "Nobody", status=422),
    Place("admin-transactions-choose", Who.ADMIN, "/admin/transactions?who=asha", "Which account"),
    Place("admin-transaction", Who.ADMIN, "/admin/transactions/{paid}", "Entries"),
    Place("admin-transaction-failed", Who.ADMIN, "/admin/transactions/{given_up}", "No money has moved"),
    Place("admin-details-dialog", Who.ADMIN, "/admin/transactions?who={account}", "Entries", look, is_scripted=True),
    Place("admin-audit", Who.ADMIN, "/admin/audit", "Sent money"),
    Place("admin-audit-none", Who.ADMIN, "/admin/audit?action=user.viewed&until=2020-01-01", "Nothing matches"),
    Place("admin-audit-errors", Who.ADMIN, "/admin/audit?actor=zzz&subject=zzz", "Nobody", status=422),
    Place("admin-integrity", Who.ADMIN, "/admin/integrity", "All is well", before=verified()),
    Place("admin-integrity-wrong", Who.ADMIN, "/admin/integrity", "Something is wrong", before=verified(I1, CHAIN)),
    Place("admin-dead-letters", Who.ADMIN, "/admin/dead-letters", "503"),
    Place("admin-requeue-all", Who.ADMIN, "/admin/dead-letters/requeue-all", "again"),
    Place("admin-requeue-dialog", Who.ADMIN, "/admin/dead-letters", "?", ask("Try all again"), is_scripted=True),
]

# Where words are longer, or stand elsewhere.
PORTUGUESE = [
    Place("portuguese-dashboard", Who.PORTUGUESE, "/dashboard", "Bruno"),
    Place("portuguese-send", Who.PORTUGUESE, "/send", "Enviar", shows="send_form"),
    Place("portuguese-transactions", Who.PORTUGUESE, "/transactions", "Groceries"),
    Place("portuguese-profile", Who.PORTUGUESE, "/profile", "Bruno"),
]

PLACES = [*PUBLIC, *FAILURES, *HOME, *SENDING, *HISTORY, *MESSAGES, *ADMIN, *PORTUGUESE]

# Addresses of banking.web.urls that are in no row, because they serve no page of their own.
NO_PAGES = {
    "a part of a page": {"send_people", "send_payee", "send_run_progress", "notifications_bell"},
    "on the way to another page": {"notification", "send_outcome"},
    "a download": {
        "admin_receipt",
        "send_many_sample",
        "send_run_result",
        "send_run_unpaid",
        "statement_csv",
        "statement_pdf",
        "transaction_receipt",
    },
    "an action": {
        "logout",
        "language",
        "theme",
        "account_open",
        "send_confirm",
        "send_run_check",
        "send_run_confirm",
        "send_run_go_on",
        "send_run_again",
        "send_run_discard",
        "transaction_retry",
        "notifications_read",
        "admin_requeue",
        "webhook_test",
        "webhook_enable",
        "profile_name",
        "profile_theme",
        "profile_language",
        "profile_session",
        "profile_sessions_others",
    },
}
