"""What a reader has chosen for this browser, signed in or not, such as the theme and the language."""

from django.conf import settings
from django.http import HttpResponse

_A_YEAR_SECONDS = 60 * 60 * 24 * 365


def preference_keep(response: HttpResponse, *, name: str, value: str) -> None:
    """Have the browser remember a choice, in a cookie."""
    response.set_cookie(
        name,
        value,
        max_age=_A_YEAR_SECONDS,
        secure=settings.SESSION_COOKIE_SECURE,
        httponly=True,
        samesite="Lax",
    )
