"""Who asks: a token in the Authorization header, or in an HttpOnly cookie.

A browser sends the cookie along with any request, so one that changes something has to come from this site: browsers
say so in Sec-Fetch-Site and Origin. A program that sends neither is no browser, and nobody can make it send a request.
"""

from urllib.parse import urlsplit

from django.conf import settings
from django.http import HttpRequest
from rest_framework.authentication import BaseAuthentication
from rest_framework.request import Request
from rest_framework.response import Response

from accounts.models import User
from accounts.tokens import TokenPair, access_authenticate
from banking.errors import CrossOrigin, NotSignedIn

_SAFE_METHODS = {"GET", "HEAD", "OPTIONS"}


class TokenAuthentication(BaseAuthentication):
    """Sign in by `Authorization: Bearer` or by the cookie; the header wins."""

    def authenticate(self, request: Request) -> tuple[User, str] | None:
        """Return the person and the token, None without a token.

        Raises:
            InvalidToken: the token is not ours, expired or revoked.
            CrossOrigin: it came by cookie from another site.
        """
        token = bearer_of(request)
        if token is None:
            token = cookie_of(request)
            if token is None:
                return None
            own_origin_check(request._request)
        user, _ = access_authenticate(token=token)
        return user, token

    def authenticate_header(self, request: Request) -> str:
        return 'Bearer realm="florin"'


def bearer_of(request: Request) -> str | None:
    """Return the token of the Authorization header, None without the header.

    Raises:
        NotSignedIn: the header has another scheme.
    """
    header = request.headers.get("Authorization")
    if not header:
        return None
    scheme, _, token = header.partition(" ")
    if scheme.lower() != "bearer" or not token.strip():
        raise NotSignedIn("The Authorization header must be: Bearer and the token.")
    return token.strip()


def cookie_of(request: Request) -> str | None:
    """Return the token of the cookie, None without the cookie."""
    return request.COOKIES.get(settings.TOKEN_COOKIE_NAME) or None


def own_origin_check(request: HttpRequest) -> None:
    """Refuse a changing request that a browser sends for another site.

    Raises:
        CrossOrigin: it does not come from our own origin.
    """
    if request.method in _SAFE_METHODS:
        return
    site = request.headers.get("Sec-Fetch-Site")
    if site is not None and site not in {"same-origin", "none"}:
        raise CrossOrigin
    origin = request.headers.get("Origin")
    if origin is not None and not _is_own(origin, request):
        raise CrossOrigin


def _is_own(origin: str, request: HttpRequest) -> bool:
    try:
        parts = urlsplit(origin)
    except ValueError:
        return False
    return (parts.scheme, parts.netloc) == (request.scheme, request.get_host())


def cookie_set(response: Response, pair: TokenPair) -> None:
    """Give the browser the access token, where no script can read it."""
    response.set_cookie(
        settings.TOKEN_COOKIE_NAME,
        pair.access,
        max_age=settings.TOKEN_ACCESS_DAYS * 24 * 60 * 60,
        httponly=True,
        secure=settings.TOKEN_COOKIE_SECURE,
        samesite="Strict",
    )


def cookie_clear(response: Response) -> None:
    """Take the token away from the browser."""
    response.delete_cookie(settings.TOKEN_COOKIE_NAME, samesite="Strict")
