"""Coming in and going out: landing, register, login, logout; and the theme, which is everybody's."""

from django.contrib import messages
from django.contrib.auth import login, logout
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils.translation import get_language
from django.utils.translation import gettext as _
from django.views.decorators.cache import never_cache

from accounts.errors import DocumentTaken, EmailTaken, InvalidCredentials, InvalidFields
from accounts.models import User
from accounts.profile import language_choose
from accounts.services import user_authenticate
from banking import limits
from banking.errors import RateLimited
from banking.origin import origin_of
from banking.services.customers import customer_register
from banking.web.door_forms import LoginForm, RefusableForm, RegisterForm
from banking.web.form_pages import form_page
from banking.web.language import language_follow
from banking.web.methods import reads, reads_and_sends, sends
from banking.web.preferences import preference_keep
from banking.web.viewer import THEME_COOKIE, THEMES, safe_next, start_page, zone_of

_BACKEND = "accounts.backends.EmailBackend"


@reads
def landing(request: HttpRequest) -> HttpResponse:
    """What the bank is, in one screen."""
    if isinstance(request.user, User):
        return redirect(start_page(request.user))
    return render(request, "pages/landing.html")


@never_cache
@reads_and_sends
def register(request: HttpRequest) -> HttpResponse:
    """Become a customer, with the first account, and be signed in."""
    if request.user.is_authenticated:
        return redirect(safe_next(request, reverse("dashboard")))
    if request.method != "POST":
        return _door(request, "pages/register.html", RegisterForm())
    form = RegisterForm(request.POST)
    try:
        limits.hit(request, group=limits.AUTH)
        user = _registered(request, form) if form.is_valid() else None
    except RateLimited as error:
        form.refuse_for_now(error, zone=zone_of(request))
        user = None
    if user is None:
        return _door(request, "pages/register.html", form)
    login(request, user, backend=_BACKEND)
    messages.success(request, _("Welcome to Florin, %(name)s. Your account is open.") % {"name": user.first_name})
    return redirect(safe_next(request, reverse("dashboard")))


def _registered(request: HttpRequest, form: RegisterForm) -> User | None:
    try:
        user = customer_register(**form.cleaned_data, origin=origin_of(request, None))
    except InvalidFields as error:
        form.refuse(error)
    except EmailTaken as error:
        form.add_error("email", error.message)
    except DocumentTaken as error:
        form.add_error("document", error.message)
    else:
        # The bank writes to them in the language that they have read this page in.
        return language_choose(user=user, language=get_language())
    return None


@never_cache
@reads_and_sends
def sign_in(request: HttpRequest) -> HttpResponse:
    """Sign in, and go on to where one was going."""
    if isinstance(request.user, User):
        return redirect(safe_next(request, start_page(request.user)))
    if request.method != "POST":
        return _door(request, "pages/login.html", LoginForm())
    form = LoginForm(request.POST)
    try:
        limits.hit(request, group=limits.AUTH)
        user = _authenticated(request, form) if form.is_valid() else None
    except RateLimited as error:
        form.refuse_for_now(error, zone=zone_of(request))
        user = None
    if user is None:
        return _door(request, "pages/login.html", form)
    limits.sign_in_remember(request, email=user.email)
    login(request, user, backend=_BACKEND)
    response = redirect(safe_next(request, start_page(user)))
    language_follow(request, response, user)
    return response


def _authenticated(request: HttpRequest, form: LoginForm) -> User | None:
    limits.sign_in_hit(request, email=form.cleaned_data["email"])
    try:
        return user_authenticate(**form.cleaned_data, request=request)
    except InvalidCredentials as error:
        form.add_error(None, error.message)
        return None


def _door(request: HttpRequest, template: str, form: RefusableForm) -> HttpResponse:
    return form_page(request, template, form, {"form": form, "next": safe_next(request, "")})


@sends
def sign_out(request: HttpRequest) -> HttpResponse:
    """End this session."""
    logout(request)
    messages.success(request, _("You are signed out."))
    return redirect("landing")


@sends
def theme(request: HttpRequest) -> HttpResponse:
    """Remember the theme in a cookie and go back to the page."""
    response = redirect(safe_next(request, reverse("landing")))
    chosen = request.POST.get("theme", "")
    if chosen in THEMES:
        preference_keep(response, name=THEME_COOKIE, value=chosen)
    return response
