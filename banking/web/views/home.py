"""The dashboard, and opening accounts from it."""

from datetime import datetime
from typing import Any

from django.conf import settings
from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _

from banking.access import account_get_for_user, accounts_of_user
from banking.selectors.dashboard import DEFAULT_PERIOD, PERIODS, overview_get
from banking.services import customers
from banking.web.figures import balance_chart, months_chart
from banking.web.methods import reads, sends
from banking.web.viewer import origin, polled_part, private_action, viewer, zone_of
from ledger.errors import AccountExists, CurrencyNotOffered
from ledger.money import offered_currencies
from ledger.records import SYSTEM, Account


@reads
@polled_part
def dashboard(request: HttpRequest) -> HttpResponse:
    """One account at a glance, which keeps itself up to date; the way to open one when there is none."""
    user, zone = viewer(request), zone_of(request)
    accounts = accounts_of_user(user)
    page: dict[str, Any] = {
        "greeting": _greeting(timezone.now().astimezone(zone)) if zone else _("Hello"),
        "accounts": accounts,
        "offered": _not_yet_open(accounts),
    }
    if not accounts:
        return render(request, "pages/dashboard-empty.html", page)
    account = account_chosen(request, accounts)
    seen = request.GET.get("seen")
    is_news = seen is not None and getattr(request, "htmx", False)
    if is_news and seen == _mark(account):
        # Nothing has changed since the page was made.
        return HttpResponse(status=204)
    page |= _overview(request, account)
    page["is_news"] = is_news
    return render(request, f"pages/dashboard{'-news' if is_news else ''}.html", page)


def _overview(request: HttpRequest, account: Account) -> dict[str, Any]:
    wanted = request.GET.get("period", "")
    period = wanted if wanted in PERIODS else DEFAULT_PERIOD
    overview = overview_get(account=account, period=PERIODS[period], zone=zone_of(request))
    account = overview.account
    return {
        "overview": overview,
        "account": account,
        "mark": _mark(account),
        "period": period,
        "periods": {"month": _("30 days"), "quarter": _("3 months"), "year": _("1 year")},
        "balance_chart": balance_chart(overview.series, begins=overview.begins, currency=account.currency),
        "months_chart": months_chart(overview.months, currency=account.currency),
    }


def _mark(account: Account) -> str:
    """Return what changes with everything that a reader of the page would see change."""
    return f"{account.seq}-{account.status}"


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
    messages.success(request, _("Your %(currency)s account is open.") % {"currency": account.currency})
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
    own = next((one for one in accounts if str(one.id) == wanted), None)
    # A stranger's account, or none at all: the one place that refuses says which error that is.
    return own or account_get_for_user(user=viewer(request), account_id=wanted)


def _is_default_of_bank(account: Account) -> bool:
    return account.kind == SYSTEM and account.currency == settings.DEFAULT_CURRENCY


def _not_yet_open(accounts: list[Account]) -> list[str]:
    held = {account.currency for account in accounts}
    return [currency for currency in offered_currencies() if currency not in held]


def _greeting(local: datetime) -> str:
    if 5 <= local.hour < 12:
        return _("Good morning")
    return _("Good afternoon") if 12 <= local.hour < 18 else _("Good evening")
