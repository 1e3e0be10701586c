"""Where a request comes from, in the words of the ledger's audit log."""

from dataclasses import replace

from bson.objectid import ObjectId
from django.http import HttpRequest

from accounts.models import User
from config.request_ids import request_id
from ledger.audit import COMMAND, Origin

API_PREFIXES = ("/api/", "/transfer", "/graphql")
# Where people read about the API: a page like any other.
DOCS = "/api/docs"


def is_api(request: HttpRequest) -> bool:
    """Whether a program asks: it gets JSON where a browser gets a page."""
    path = request.path_info
    return (path.startswith(API_PREFIXES) and path != DOCS) or path == "/api"


def origin_of(request: HttpRequest, user: User | None) -> Origin:
    """Return who asks and from where; the address is the client's own (`config.middleware`)."""
    return Origin(
        actor=None if user is None else user.pk,
        address=str(request.META.get("REMOTE_ADDR", ""))[:64],
        surface="api" if is_api(request) else "browser",
        request_id=request_id(),
    )


def command_origin(actor: ObjectId | None = None) -> Origin:
    """Return the origin of what a command does, for somebody or for nobody known."""
    return replace(COMMAND, actor=actor, request_id=request_id())
