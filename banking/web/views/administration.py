"""For administrators: everybody, and one person with accounts, transactions and audit trail."""

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.urls import reverse
from django.utils.http import urlencode

from accounts.selectors import MOST_EXAMINED, MOST_FOUND
from banking.audit import person_viewed
from banking.selectors.deeds import deeds_page
from banking.selectors.directory import directory_page
from banking.selectors.people import Person
from banking.selectors.transfers import TRANSFERS_A_PAGE, person_get, transfers_of_accounts
from banking.web.console_forms import PeopleFilterForm
from banking.web.methods import reads
from banking.web.viewer import admin_page, origin
from ledger.trail import AuditFilter

_TRANSFERS_AT_FIRST = 10
_DEEDS_AT_FIRST = 10


@reads
@admin_page
def users(request: HttpRequest) -> HttpResponse:
    """Everybody, newest first, with search; for a script that asks for a part, only the people."""
    filters = PeopleFilterForm(request.GET)
    words, cursor = request.GET.get("words", "")[:254], request.GET.get("cursor", "")
    show = request.GET.get("show", "") if filters.is_valid() else ""
    page = {
        "filters": filters,
        "found": directory_page(words=words, show=show, cursor=cursor or None),
        "most_found": MOST_FOUND,
        "most_examined": MOST_EXAMINED,
        "words": words,
        "show": show,
        "cursor": cursor,
        "list_address": _list_address(words, show),
    }
    return render(request, _people_template(request, cursor), page)


def _list_address(words: str, show: str) -> str:
    """Return the address of the list, to come back to from a question."""
    query = urlencode({name: value for name, value in (("words", words), ("show", show)) if value})
    return f"{reverse('admin_users')}?{query}" if query else reverse("admin_users")


def _people_template(request: HttpRequest, cursor: str) -> str:
    if not getattr(request, "htmx", False):
        return "pages/admin-users.html"
    return "pages/admin-users-rows.html" if cursor else "pages/admin-users-list.html"


@reads
@admin_page
def user(request: HttpRequest, user_id: str) -> HttpResponse:
    """Somebody as the bank knows them; for a script that asks for more of a list, only the next rows."""
    person = person_get(user_id)
    asked = {name: request.GET.get(name, "") for name in ("transfers", "deeds")}
    # Also for a part: an address with a cursor of one's own making shows as much as the page.
    person_viewed(user=person.user, origin=origin(request))
    if getattr(request, "htmx", False) and asked["transfers"]:
        return render(request, "pages/admin-transfers-rows.html", _transfers(person, asked["transfers"]))
    if getattr(request, "htmx", False) and asked["deeds"]:
        return render(request, "pages/admin-deeds-rows.html", _deeds(person, asked["deeds"]))
    page = {**_transfers(person, asked["transfers"]), **_deeds(person, asked["deeds"])}
    return render(request, "pages/admin-user.html", page)


def _transfers(person: Person, cursor: str) -> dict[str, object]:
    limit = TRANSFERS_A_PAGE if cursor else _TRANSFERS_AT_FIRST
    found = transfers_of_accounts(accounts=person.accounts, cursor=cursor or None, limit=limit)
    return {"person": person, "transfers": found, "transfers_cursor": cursor, "more_name": "transfers"}


def _deeds(person: Person, cursor: str) -> dict[str, object]:
    """What was done by and to a person and to their accounts."""
    wanted = AuditFilter(subjects=(person.user.pk, *(account.id for account in person.accounts)))
    found = deeds_page(wanted=wanted, cursor=cursor or None, limit=_DEEDS_AT_FIRST)
    return {"deeds": found, "deeds_cursor": cursor, "more_deeds_name": "deeds"}
