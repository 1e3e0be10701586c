"""Two questions of the machinery around the bank: does the process live, and can it work.

A supervisor restarts a process that fails the first; a load balancer passes by one that fails the second. The first
therefore must not touch the database, or a short outage there would restart every web process as well.
"""

import pymongo
from django.http import HttpRequest, JsonResponse
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_safe
from pymongo.errors import PyMongoError

from ledger.store import client

DATABASE_SECONDS = 2


@never_cache
@require_safe
def healthz(request: HttpRequest) -> JsonResponse:
    """Answer that the process lives."""
    return JsonResponse({"success": True})


@never_cache
@require_safe
def readyz(request: HttpRequest) -> JsonResponse:
    """Answer whether the database is there and takes writes, within two seconds: 200 or 503."""
    is_ready = _is_writable()
    return JsonResponse({"success": is_ready}, status=200 if is_ready else 503)


def _is_writable() -> bool:
    try:
        with pymongo.timeout(DATABASE_SECONDS):
            return bool(client().admin.command("hello").get("isWritablePrimary"))
    except PyMongoError:
        return False
