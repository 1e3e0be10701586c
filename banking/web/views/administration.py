"""For administrators: people and their accounts, freezing and unfreezing."""

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils.http import urlencode

from accounts.selectors import MOST_FOUND, NUMBERED_ROWS
from banking import limits
from banking.access import account_id_read
from banking.selectors.people import PEOPLE_A_PAGE, people_page, person_of_account
from banking.services.moderation import account_freeze, account_unfreeze
from banking.web.forms import ReasonForm
from banking.web.methods import reads, reads_and_sends
from banking.web.viewer import admin_action, admin_page, origin, viewer
from ledger.accounts import account_get
from ledger.errors import AccountNotFound, AccountStateConflict, RequestInvalid
from ledger.records import CUSTOMER, Account

_CHANGES = {"freeze": account_freeze, "unfreeze": account_unfreeze}
_LARGEST_PAGE = NUMBERED_ROWS // PEOPLE_A_PAGE


@reads
@admin_page
def users(request: HttpRequest) -> HttpResponse:
    """Everybody, newest first, with search."""
    words, number = request.GET.get("words", "")[:254], _page_number(request)
    found = people_page(words=words, page=number)
    # Who is found by words is counted only so far, and pages have numbers only so far.
    rows = min(MOST_FOUND if found.total is None else found.total, NUMBERED_ROWS)
    pages = max(1, -(-rows // PEOPLE_A_PAGE))
    page = {
        "people": found.people,
        "total": found.total,
        "most_found": MOST_FOUND,
        "words": words,
        "page": number,
        "place": _place(request),
        "pages": pages,
        "previous_page": number - 1 if number > 1 else None,
        "next_page": number + 1 if number < pages else None,
    }
    return render(request, "pages/admin-users.html", page)


@reads_and_sends
@admin_action(lambda request, **_: _users_address(request))
def freeze(request: HttpRequest, account_id: str) -> HttpResponse:
    """Ask once, with a reason, then freeze."""
    return _change(request, account_id, "freeze")


@reads_and_sends
@admin_action(lambda request, **_: _users_address(request))
def unfreeze(request: HttpRequest, account_id: str) -> HttpResponse:
    """Ask once, with a reason, then unfreeze."""
    return _change(request, account_id, "unfreeze")


def _change(request: HttpRequest, account_id: str, change: str) -> HttpResponse:
    account = account_get(account_id_read(account_id))
    if account.kind != CUSTOMER:
        raise AccountNotFound
    if request.method != "POST":
        return _question(request, account, change, ReasonForm())
    limits.hit(request, group=limits.ADMIN)
    form = ReasonForm(request.POST)
    if not form.is_valid() or not _changed(request, account, change, form):
        return _question(request, account, change, form, status=422)
    done = "frozen" if change == "freeze" else "active again"
    messages.success(request, f"The {account.currency} account of {person_of_account(account)} is {done}.")
    return redirect(_users_address(request))


def _changed(request: HttpRequest, account: Account, change: str, form: ReasonForm) -> bool:
    reason = form.cleaned_data["reason"]
    try:
        _CHANGES[change](admin=viewer(request), account_id=account.id, reason=reason, origin=origin(request))
    except RequestInvalid as error:
        form.add_error("reason", error.message)
    except AccountStateConflict as error:
        form.add_error(None, error.message)
    return form.is_valid()


def _question(
    request: HttpRequest, account: Account, change: str, form: ReasonForm, status: int = 200
) -> HttpResponse:
    page = {
        "account": account,
        "name": person_of_account(account),
        "change": change,
        "form": form,
        "place": _place(request),
    }
    part = getattr(request, "htmx", False)
    return render(request, "pages/admin-freeze-part.html" if part else "pages/admin-freeze.html", page, status=status)


def _place(request: HttpRequest) -> str:
    """Return the search words and the page of the list one came from, as they stand in the address."""
    return urlencode({name: request.GET[name] for name in ("words", "page") if request.GET.get(name)})


def _users_address(request: HttpRequest) -> str:
    place = _place(request)
    return f"{reverse('admin_users')}?{place}" if place else reverse("admin_users")


def _page_number(request: HttpRequest) -> int:
    text = request.GET.get("page", "")
    return min(max(int(text), 1), _LARGEST_PAGE) if text.isascii() and text.isdigit() and len(text) < 8 else 1
