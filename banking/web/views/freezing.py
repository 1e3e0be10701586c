"""For administrators: freezing and unfreezing an account, asked once, with a reason that is kept.

The question is a page of its own, and with a script a dialog on the page one is on: there the account's line is
replaced in place, and the dialog closes. Somebody else may have done it meanwhile, which is told, never overwritten.
"""

from django.contrib import messages
from django.contrib.messages.storage.base import Message
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils.translation import gettext as _

from banking import limits
from banking.access import account_id_read
from banking.selectors.deeds import Deed, deeds_page
from banking.selectors.sides import Side, sides_of
from banking.services.moderation import account_freeze, account_unfreeze
from banking.web.forms import ReasonForm
from banking.web.methods import reads_and_sends
from banking.web.viewer import admin_action, origin, safe_next, viewer
from ledger.errors import AccountNotFound, AccountStateConflict, RequestInvalid
from ledger.events import ACCOUNT_FROZEN, ACCOUNT_UNFROZEN
from ledger.records import ACTIVE, CUSTOMER, FROZEN, Account
from ledger.trail import AuditFilter

FREEZE, UNFREEZE = "freeze", "unfreeze"
_CHANGES = {FREEZE: account_freeze, UNFREEZE: account_unfreeze}
# In which state an account has to be, and what was done where it is no longer.
_FROM = {FREEZE: ACTIVE, UNFREEZE: FROZEN}
_DONE_BEFORE = {FREEZE: ACCOUNT_FROZEN, UNFREEZE: ACCOUNT_UNFROZEN}


def _way_back(request: HttpRequest, **_: object) -> str:
    return safe_next(request, reverse("admin_users"))


@reads_and_sends
@admin_action(_way_back)
def freeze(request: HttpRequest, account_id: str) -> HttpResponse:
    """Ask once, with a reason, then freeze."""
    return _change(request, account_id, FREEZE)


@reads_and_sends
@admin_action(_way_back)
def unfreeze(request: HttpRequest, account_id: str) -> HttpResponse:
    """Ask once, with a reason, then unfreeze."""
    return _change(request, account_id, UNFREEZE)


def _change(request: HttpRequest, account_id: str, change: str) -> HttpResponse:
    account = _account(account_id)
    if request.method != "POST":
        return _question(request, account, change, ReasonForm())
    limits.hit(request, group=limits.ADMIN)
    form = ReasonForm(request.POST)
    try:
        if form.is_valid() and _changed(request, account, change, form):
            return _done(request, _account(account_id), change)
    except AccountStateConflict:
        return _question(request, _account(account_id), change, form, status=409)
    return _question(request, account, change, form, status=422)


def _account(account_id: str) -> Account:
    number = account_id_read(account_id)
    account = sides_of([number])[number].account
    if account is None or account.kind != CUSTOMER:
        raise AccountNotFound
    return account


def _changed(request: HttpRequest, account: Account, change: str, form: ReasonForm) -> bool:
    reason = form.cleaned_data["reason"]
    try:
        _CHANGES[change](admin=viewer(request), account_id=account.id, reason=reason, origin=origin(request))
    except RequestInvalid as error:
        form.add_error("reason", error.message)
    return form.is_valid()


def _done(request: HttpRequest, account: Account, change: str) -> HttpResponse:
    side = _side(account)
    sentence = _("The %(currency)s account of %(name)s is frozen.")
    if change == UNFREEZE:
        sentence = _("The %(currency)s account of %(name)s is active again.")
    said = sentence % {"currency": account.currency, "name": side.name}
    if not getattr(request, "htmx", False):
        messages.success(request, said)
        return redirect(_way_back(request))
    response = render(
        request, "pages/admin-freeze-done.html", {**_shown(request, side), "said": Message(messages.SUCCESS, said)}
    )
    response["HX-Trigger-After-Settle"] = "dialog-done"
    return response


def _question(
    request: HttpRequest, account: Account, change: str, form: ReasonForm, status: int = 200
) -> HttpResponse:
    page = {**_shown(request, _side(account)), "change": change, "form": form}
    if account.status != _FROM[change]:
        page |= {"is_settled": True, "deed": _last_deed(account, change)}
    part = getattr(request, "htmx", False)
    return render(request, "pages/admin-freeze-part.html" if part else "pages/admin-freeze.html", page, status=status)


def _side(account: Account) -> Side:
    return sides_of([account.id])[account.id]


def _shown(request: HttpRequest, side: Side) -> dict[str, object]:
    """Return what a question and the line of an account are about; `back` is the page one came from."""
    back = _way_back(request)
    whole = side.owner is not None and back.startswith(reverse("admin_user", args=[side.owner.pk]))
    return {"account": side.account, "name": side.name, "back": back, "is_whole": whole}


def _last_deed(account: Account, change: str) -> Deed | None:
    """Return who did it before, where it was done at all."""
    wanted = AuditFilter(subject=account.id, action=_DONE_BEFORE[change])
    done = deeds_page(wanted=wanted, cursor=None, limit=1).deeds if account.status in (ACTIVE, FROZEN) else []
    return next(iter(done), None)
