"""Request limits, counted in the database for all processes together (django-ratelimit)."""

from typing import Any

from django.conf import settings
from django.http import HttpRequest
from django_ratelimit.core import get_usage

from banking.errors import RateLimited

# The group of all of the API, and those where guessing or flooding would pay.
API = "api"
AUTH, TRANSFER, ADMIN, WEBHOOKS = "auth", "transfer", "admin", "webhooks"


def hit(request: HttpRequest, *, group: str) -> None:
    """Count a request of this address in a group.

    Args:
        request: `REMOTE_ADDR` is the client's own address (`config.middleware`).
        group: `api` counts against RATE_LIMIT_API, all others against RATE_LIMIT_STRICT, each for itself.

    Raises:
        RateLimited: there were too many.
    """
    rate = settings.RATE_LIMIT_API if group == API else settings.RATE_LIMIT_STRICT
    if rate == "off":
        return
    usage: dict[str, Any] | None = get_usage(request, group=f"florin.{group}", key="ip", rate=rate, increment=True)
    if usage is not None and usage["should_limit"]:
        raise RateLimited(int(usage["time_left"]))
