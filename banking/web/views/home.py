"""The dashboard, and opening accounts from it."""

from datetime import datetime
from typing import Any

from django.conf import settings
from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils import timezone

from banking.access import account_get_for_user, accounts_of_user
from banking.selectors.dashboard import overview_get
from banking.services import customers
from banking.web.chart import balance_chart
from banking.web.methods import reads, sends
from banking.web.viewer import origin, private_action, private_page, viewer, zone_of
from ledger.errors import AccountExists, CurrencyNotOffered
from ledger.money import offered_currencies
from ledger.records import SYSTEM, Account


@reads
@private_page
def dashboard(request: HttpRequest) -> HttpResponse:
    """One account at a glance; the way to open one when there is none."""
    user, zone = viewer(request), zone_of(request)
    accounts = accounts_of_user(user)
    page: dict[str, Any] = {
        "greeting": _greeting(timezone.now().astimezone(zone)) if zone else "Hello",
        "accounts": accounts,
        "offered": _not_yet_open(accounts),
    }
    if not accounts:
        return render(request, "pages/dashboard-empty.html", page)
    overview = overview_get(account=account_chosen(request, accounts), zone=zone)
    page |= {
        "overview": overview,
        "account": overview.account,
        "chart": balance_chart(overview.series, begins=overview.begins),
    }
    return render(request, "pages/dashboard.html", page)


@sends
@private_action(lambda _: reverse("dashboard"))
def account_open(request: HttpRequest) -> HttpResponse:
    """Open an account in one of the bank's currencies."""
    try:
        account = customers.account_open(
            user=viewer(request), currency=request.POST.get("currency"), origin=origin(request)
        )
    except (AccountExists, CurrencyNotOffered) as error:
        messages.error(request, error.message)
        return redirect("dashboard")
    messages.success(request, f"Your {account.currency} account is open.")
    return redirect(f"{reverse('dashboard')}?account={account.id}")


def account_chosen(request: HttpRequest, accounts: list[Account]) -> Account:
    """Return the account that the address asks for, else the first; the bank begins with its default currency.

    Args:
        request: `?account=` may name one.
        accounts: one's own; not empty.

    Raises:
        AccountNotFound: the one asked for is none of one's own.
    """
    wanted = request.GET.get("account", "")
    if not wanted:
        return next((one for one in accounts if _is_default_of_bank(one)), accounts[0])
    return account_get_for_user(user=viewer(request), account_id=wanted)


def _is_default_of_bank(account: Account) -> bool:
    return account.kind == SYSTEM and account.currency == settings.DEFAULT_CURRENCY


def _not_yet_open(accounts: list[Account]) -> list[str]:
    held = {account.currency for account in accounts}
    return [currency for currency in offered_currencies() if currency not in held]


def _greeting(local: datetime) -> str:
    if 5 <= local.hour < 12:
        return "Good morning"
    return "Good afternoon" if 12 <= local.hour < 18 else "Good evening"
