"""Request limits, counted in the database for all processes together (django-ratelimit).

Two limits hold for an address: one over the whole API and a strict one for each group of routes where guessing or
flooding would pay. Signing in is limited for each e-mail address as well, or many addresses together could guess one
person's password. Everything is counted before it is looked at, the right password like the wrong one and an address
that nobody has like one that somebody has, so that a refusal tells nothing.
"""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import timedelta
from ipaddress import ip_network
from typing import Any

from django.conf import settings
from django.core.cache import cache
from django.http import HttpRequest, HttpResponse
from django.utils.crypto import salted_hmac
from django_ratelimit.core import get_usage

from accounts.rules import email_clean
from accounts.text import TextRefused
from banking.errors import RateLimited

# The group of all of the API, and those where guessing or flooding would pay.
API = "api"
AUTH, TRANSFER, ADMIN, WEBHOOKS = "auth", "transfer", "admin", "webhooks"
# Those where each request may ask for much work.
STATEMENTS = "statements"
_SIGN_IN = "sign-in"
# Where somebody has signed in, others cannot shut them out by guessing from elsewhere.
_KNOWN_FOR = timedelta(days=30)
# Under which name a request remembers the limit it is closest to.
_TIGHTEST = "florin.limit"


@dataclass(frozen=True, slots=True)
class Usage:
    """How much of a limit is used.

    Args:
        limit: requests in one stretch of time.
        remaining: how many of them are left.
        reset_seconds: until the next stretch begins.
        is_over: whether this request is one too many.
    """

    limit: int
    remaining: int
    reset_seconds: int
    is_over: bool


def hit(request: HttpRequest, *, group: str) -> None:
    """Count a request of this address in a group.

    Args:
        request: `REMOTE_ADDR` is the client's own address (`config.middleware`).
        group: `api` counts against RATE_LIMIT_API, all others against RATE_LIMIT_STRICT, each for itself.

    Raises:
        RateLimited: there were too many.
    """
    rate = settings.RATE_LIMIT_API if group == API else settings.RATE_LIMIT_STRICT
    if rate != "off":
        _hold_to(request, _counted(request, group=group, key="ip", rate=rate))


def sign_in_hit(request: HttpRequest, *, email: object) -> None:
    """Count an attempt to sign in as somebody, from wherever, against RATE_LIMIT_STRICT.

    Who has signed in from this address before is not refused: only their own address limits them there.

    Raises:
        RateLimited: there were too many.
    """
    address = _email_read(email)
    if settings.RATE_LIMIT_STRICT == "off" or address is None:
        return
    usage = _counted(request, group=_SIGN_IN, key=lambda *_: address, rate=settings.RATE_LIMIT_STRICT)
    if not (usage.is_over and cache.get(_known_key(request, address))):
        _hold_to(request, usage)


def sign_in_remember(request: HttpRequest, *, email: str) -> None:
    """Remember that somebody has signed in from this address, for when others guess at their password."""
    if settings.RATE_LIMIT_STRICT != "off":
        cache.set(_known_key(request, email), 1, _KNOWN_FOR.total_seconds())


def _counted(request: HttpRequest, *, group: str, key: str | Callable[..., str], rate: str) -> Usage:
    found: dict[str, Any] = get_usage(request, group=f"florin.{group}", key=key, rate=rate, increment=True) or {}
    return Usage(
        limit=found["limit"],
        remaining=max(0, found["limit"] - found["count"]),
        # The last second of a stretch belongs to it: only after that one is the next request counted anew.
        reset_seconds=max(0, found["time_left"]) + 1,
        is_over=found["should_limit"],
    )


def _hold_to(request: HttpRequest, usage: Usage) -> None:
    """Remember the limit for the answer if it is the tightest, and refuse who is over it."""
    tightest: Usage | None = request.META.get(_TIGHTEST)
    if tightest is None or usage.is_over or usage.remaining < tightest.remaining:
        request.META[_TIGHTEST] = usage
    if usage.is_over:
        raise RateLimited(usage.reset_seconds)


def _email_read(email: object) -> str | None:
    """Return the e-mail address as people are found by it, None for what can be nobody's."""
    try:
        return email_clean(email)
    except TextRefused:
        return None


def _known_key(request: HttpRequest, email: str) -> str:
    # What people type does not lie about in the database.
    return "known:" + salted_hmac(_SIGN_IN, f"{_home_of(request)} {email}", algorithm="sha256").hexdigest()


def _home_of(request: HttpRequest) -> str:
    """Return the address as the limits tell addresses apart: of IPv6 the network, within which homes change theirs."""
    address: str = request.META["REMOTE_ADDR"]
    return str(ip_network(f"{address}/64", strict=False)) if ":" in address else address


class LimitsToldMiddleware:
    """Say in every answer that was counted how much is left of the limit it is closest to.

    The names are those of draft-ietf-httpapi-ratelimit-headers-06, the last version that has one header for each
    number; later ones put them all into one.
    """

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        response = self.get_response(request)
        usage: Usage | None = request.META.get(_TIGHTEST)
        if usage is not None:
            response["RateLimit-Limit"] = str(usage.limit)
            response["RateLimit-Remaining"] = str(usage.remaining)
            response["RateLimit-Reset"] = str(usage.reset_seconds)
        return response
