"""Who looks at a page and how they want to see it: the person, the time zone, the theme."""

from collections.abc import Callable
from functools import wraps
from typing import Any
from urllib.parse import unquote
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from django.contrib.auth.decorators import login_required
from django.core.exceptions import PermissionDenied
from django.http import HttpRequest, HttpResponse
from django.urls import reverse
from django.utils.cache import add_never_cache_headers
from django.utils.http import url_has_allowed_host_and_scheme, urlencode
from django_htmx.middleware import HtmxDetails

from accounts.models import User
from banking.errors import NotSignedIn
from banking.origin import origin_of
from ledger.audit import Origin

THEMES = ("light", "dark")
THEME_COOKIE = "theme"
ZONE_COOKIE = "timezone"

View = Callable[..., HttpResponse]


def private_page(view: View) -> View:
    """Ask for a sign-in, and keep the page out of every cache: after signing out, Back shows nothing."""

    signed_in = login_required(view)

    @wraps(view)
    def shown(request: HttpRequest, *args: Any, **values: Any) -> HttpResponse:
        if getattr(request, "htmx", False) and not request.user.is_authenticated:
            # A part of a page cannot become the sign-in page; the whole page can.
            return HttpResponse(
                headers={"HX-Redirect": f"{reverse('login')}?{urlencode({'next': _page_of(request)})}"}
            )
        response: HttpResponse = signed_in(request, *args, **values)
        add_never_cache_headers(response)
        return response

    return shown


def admin_page(view: View) -> View:
    """Let administrators through and refuse everybody else."""

    @private_page
    @wraps(view)
    def shown(request: HttpRequest, *args: Any, **values: Any) -> HttpResponse:
        if not viewer(request).is_admin:
            raise PermissionDenied
        return view(request, *args, **values)

    return shown


def _page_of(request: HttpRequest) -> str:
    """Return the page whose part was asked for."""
    details: HtmxDetails | None = getattr(request, "htmx", None)
    return (details and details.current_url_abs_path) or reverse("dashboard")


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
