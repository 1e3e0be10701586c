"""Who looks at a page and how they want to see it: the person, the time zone, the theme."""

from collections.abc import Callable
from functools import wraps
from typing import Any
from urllib.parse import unquote
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from django.contrib import messages
from django.contrib.auth.views import redirect_to_login
from django.core.exceptions import PermissionDenied
from django.http import HttpRequest, HttpResponse, HttpResponseBase
from django.urls import reverse
from django.utils.cache import add_never_cache_headers
from django.utils.http import url_has_allowed_host_and_scheme, urlencode
from django.utils.translation import gettext_lazy as _
from django_htmx.middleware import HtmxDetails

from accounts.models import User
from banking.access import accounts_of_user
from banking.errors import NotSignedIn
from banking.origin import origin_of
from ledger.audit import Origin

THEMES = ("light", "dark")
THEME_COOKIE = "theme"
ZONE_COOKIE = "timezone"

_STOP_ASKING = 286

NOTHING_SENT = _("You were signed out in the meantime. Nothing was sent; please sign in and do it again.")

View = Callable[..., HttpResponseBase]
Resume = Callable[..., str]


def private_page(view: View) -> View:
    """Ask for a sign-in, and keep the page out of every cache: after signing out, Back shows nothing."""
    return _private(view, lambda request, **_: request.get_full_path())


def private_action(resume: Resume) -> Callable[[View], View]:
    """Be a private page whose address cannot be read; after a sign-in one goes on to what `resume` returns.

    Args:
        resume: gets the request and what the address says, and returns the address of a page that can be read.
    """
    return lambda view: _private(view, resume)


def polled_part(view: View) -> View:
    """Be a private page that a script asks for again and again: after signing out the asking ends without a word."""
    whole = private_page(view)

    @wraps(view)
    def shown(request: HttpRequest, *args: Any, **values: Any) -> HttpResponseBase:
        if getattr(request, "htmx", False) and not request.user.is_authenticated:
            # The status with which htmx stops asking; what was shown stays.
            return HttpResponse(status=_STOP_ASKING, headers={"HX-Reswap": "none"})
        return whole(request, *args, **values)

    return shown


def _private(view: View, resume: Resume) -> View:
    @wraps(view)
    def shown(request: HttpRequest, *args: Any, **values: Any) -> HttpResponseBase:
        signed_in = request.user.is_authenticated
        response = view(request, *args, **values) if signed_in else _to_sign_in(request, resume(request, **values))
        add_never_cache_headers(response)
        return response

    return shown


def _to_sign_in(request: HttpRequest, next_page: str) -> HttpResponse:
    """Ask for a sign-in; what was sent meanwhile is not done, and that is said."""
    if request.method not in {"GET", "HEAD"}:
        messages.error(request, NOTHING_SENT)
    if getattr(request, "htmx", False):
        # A part of a page cannot become the sign-in page; the whole page can.
        return HttpResponse(headers={"HX-Redirect": f"{reverse('login')}?{urlencode({'next': page_of(request)})}"})
    return redirect_to_login(next_page)


def admin_page(view: View) -> View:
    """Let administrators through and refuse everybody else."""
    return private_page(_admins_only(view))


def admin_action(resume: Resume) -> Callable[[View], View]:
    """Be a private action of administrators; everybody else is refused."""
    return lambda view: _private(_admins_only(view), resume)


def _admins_only(view: View) -> View:
    @wraps(view)
    def shown(request: HttpRequest, *args: Any, **values: Any) -> HttpResponseBase:
        if not viewer(request).is_admin:
            raise PermissionDenied
        return view(request, *args, **values)

    return shown


def start_page(user: User) -> str:
    """Return where somebody begins after signing in: the dashboard, or the overview."""
    if user.is_admin and not accounts_of_user(user):
        return reverse("admin_overview")
    return reverse("dashboard")


def page_of(request: HttpRequest) -> str:
    """Return the page whose part was asked for."""
    details: HtmxDetails | None = getattr(request, "htmx", None)
    try:
        return (details and details.current_url_abs_path) or reverse("dashboard")
    except ValueError:
        # What is no address at all, such as `http://[`.
        return reverse("dashboard")


def viewer(request: HttpRequest) -> User:
    """Return who is signed in.

    Raises:
        NotSignedIn: nobody is.
    """
    if not isinstance(request.user, User):
        raise NotSignedIn
    return request.user


def origin(request: HttpRequest) -> Origin:
    """Return who asks and from where, for the audit log."""
    return origin_of(request, viewer(request))


def zone_of(request: HttpRequest) -> ZoneInfo | None:
    """Return the reader's time zone, which a script has put into a cookie; None while it is unknown."""
    name = unquote(request.COOKIES.get(ZONE_COOKIE, ""))
    if not name or len(name) > 64:
        return None
    try:
        return ZoneInfo(name)
    except (ZoneInfoNotFoundError, ValueError, OSError):
        return None


def theme_of(request: HttpRequest) -> str:
    """Return the theme that the reader has chosen; empty when the system decides."""
    theme = request.COOKIES.get(THEME_COOKIE, "")
    return theme if theme in THEMES else ""


def safe_next(request: HttpRequest, default: str) -> str:
    """Return the address in `next` when it is one of ours, else the default."""
    wanted = request.POST.get("next") or request.GET.get("next") or ""
    ours = url_has_allowed_host_and_scheme(
        wanted, allowed_hosts={request.get_host()}, require_https=request.is_secure()
    )
    # Without the slash it would be taken for the name of a page.
    return wanted if ours and wanted.startswith("/") else default
