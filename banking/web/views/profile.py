"""A person's own page: what they are called, their password, where they are signed in, and how pages look to them."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from functools import wraps
from typing import Any

from django.contrib import messages
from django.contrib.auth import logout, update_session_auth_hash
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import override

from accounts.errors import InvalidFields, InvalidToken
from accounts.models import User
from accounts.profile import language_choose
from accounts.sessions import BrowserSession, session_get_for_user, sessions_of_user
from banking import limits
from banking.errors import RateLimited
from banking.services import sign_ins
from banking.services.customers import customer_change
from banking.web.devices import address_words, device_words, is_phone
from banking.web.door_forms import RefusableForm
from banking.web.form_pages import form_page
from banking.web.language import is_offered, language_keep
from banking.web.methods import reads, reads_and_sends, sends
from banking.web.preferences import preference_keep
from banking.web.profile_forms import NameForm, PasswordForm
from banking.web.viewer import (
    NOTHING_SENT,
    THEME_COOKIE,
    THEMES,
    origin,
    private_action,
    private_page,
    theme_of,
    viewer,
    zone_of,
)

# The theme of whoever leaves it to the system has no cookie.
SYSTEM_THEME = "system"


@dataclass(frozen=True, slots=True)
class Device:
    """A signed-in browser as its owner recognises it."""

    id: str
    is_current: bool
    name: str
    is_phone: bool
    address: str
    signed_in_at: datetime
    seen_at: datetime


View = Callable[..., HttpResponse]


def _resume(request: HttpRequest, **_: str) -> str:
    return reverse("profile")


def _unless_ended(view: View) -> View:
    """Ask for a sign-in when this one was ended while the request ran: nothing was changed then."""

    @wraps(view)
    def changed(request: HttpRequest, *args: Any, **values: Any) -> HttpResponse:
        try:
            return view(request, *args, **values)
        except InvalidToken:
            messages.error(request, NOTHING_SENT)
            return redirect("profile")

    return changed


@reads
@private_page
def profile(request: HttpRequest) -> HttpResponse:
    """All of it on one page; each form of it is sent alone."""
    return _page(request)


@sends
@private_action(_resume)
@_unless_ended
def name(request: HttpRequest) -> HttpResponse:
    """Change one's name."""
    form = NameForm(request.POST)
    if not form.is_valid() or not _changed(request, form, **form.changes()):
        return _page(request, names=form)
    messages.success(request, _("Your name was changed."))
    return redirect("profile")


@sends
@private_action(_resume)
@_unless_ended
def password(request: HttpRequest) -> HttpResponse:
    """Change one's password: every other sign-in ends, this one goes on."""
    form = PasswordForm(request.POST)
    changed = _changed(request, form, **form.cleaned_data) if form.is_valid() else None
    if changed is None:
        return _page(request, passwords=form)
    update_session_auth_hash(request, changed)
    messages.success(request, _("Your password was changed. You are signed out everywhere else."))
    return redirect("profile")


def _changed(request: HttpRequest, form: RefusableForm, **changes: Any) -> User | None:
    """Change the person, and return them as they are now; None when it was refused, which the form then says.

    Raises:
        InvalidToken: this sign-in was ended meanwhile.
    """
    user = viewer(request)
    try:
        limits.hit(request, group=limits.AUTH)
        if "password" in changes:
            limits.sign_in_hit(request, email=user.email)
        return customer_change(user=user, origin=origin(request), **changes) if changes else user
    except InvalidFields as error:
        form.refuse(error)
    except RateLimited as error:
        form.refuse_for_now(error, zone=zone_of(request))
    return None


@reads_and_sends
@private_action(_resume)
def session_end(request: HttpRequest, session_id: str) -> HttpResponse:
    """Ask once, then sign one browser out."""
    found = session_get_for_user(user=viewer(request), session_id=session_id, current_key=request.session.session_key)
    if request.method != "POST":
        return _question(request, sign_ins.ONE, device=_device(found))
    sign_ins.session_end(user=viewer(request), session_id=session_id, origin=origin(request))
    if found.is_current:
        return _left(request, _("You are signed out."))
    messages.success(request, _("%(device)s is signed out.") % {"device": device_words(found.agent)})
    return redirect("profile")


@reads_and_sends
@private_action(_resume)
@_unless_ended
def sessions_end_others(request: HttpRequest) -> HttpResponse:
    """Ask once, then sign every other browser out."""
    if request.method != "POST":
        return _question(request, sign_ins.OTHERS)
    changed = sign_ins.sessions_end_others(user=viewer(request), origin=origin(request))
    update_session_auth_hash(request, changed)
    messages.success(request, _("Every other browser is signed out."))
    return redirect("profile")


@reads_and_sends
@private_action(_resume)
@_unless_ended
def sign_ins_end_all(request: HttpRequest) -> HttpResponse:
    """Ask once, then end every sign-in, this one and those of programs too."""
    if request.method != "POST":
        return _question(request, sign_ins.ALL)
    sign_ins.sign_ins_end_all(user=viewer(request), origin=origin(request))
    return _left(request, _("You are signed out everywhere."))


@sends
@private_action(_resume)
def theme(request: HttpRequest) -> HttpResponse:
    """Choose the theme, or leave it to the system."""
    chosen = request.POST.get("theme", "")
    response = redirect("profile")
    if chosen == SYSTEM_THEME:
        response.delete_cookie(THEME_COOKIE, samesite="Lax")
    elif chosen in THEMES:
        preference_keep(response, name=THEME_COOKIE, value=chosen)
    else:
        return response
    messages.success(request, _("The theme was changed."))
    return response


@sends
@private_action(_resume)
def language(request: HttpRequest) -> HttpResponse:
    """Choose the language of the pages in this browser, and of e-mails."""
    chosen = request.POST.get("language", "")
    response = redirect("profile")
    if is_offered(chosen):
        language_choose(user=viewer(request), language=chosen)
        language_keep(response, chosen)
        with override(chosen):
            messages.success(request, _("The language was changed."))
    return response


def _page(
    request: HttpRequest, *, names: NameForm | None = None, passwords: PasswordForm | None = None
) -> HttpResponse:
    """Show the page, with the form that was sent if one was."""
    user = viewer(request)
    found = sessions_of_user(user=user, current_key=request.session.session_key)
    name_form, password_form = names or NameForm.of(user), passwords or PasswordForm()
    page = {
        "names": name_form,
        "passwords": password_form,
        "devices": [_device(session) for session in found],
        f"{theme_of(request) or SYSTEM_THEME}_theme": True,
    }
    return form_page(request, "pages/profile.html", names or password_form, page)


def _device(session: BrowserSession) -> Device:
    return Device(
        id=session.id,
        is_current=session.is_current,
        name=device_words(session.agent),
        is_phone=is_phone(session.agent),
        address=address_words(session.address),
        signed_in_at=session.signed_in_at,
        seen_at=session.seen_at,
    )


def _question(request: HttpRequest, which: str, device: Device | None = None) -> HttpResponse:
    part = getattr(request, "htmx", False)
    template = "pages/profile-question-part.html" if part else "pages/profile-question.html"
    return render(request, template, {"which": which, "device": device})


def _left(request: HttpRequest, sentence: str) -> HttpResponse:
    logout(request)
    messages.success(request, sentence)
    return redirect("landing")
