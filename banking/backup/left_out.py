"""What does not come back: whatever speaks of processes and sign-ins of a world that is gone.

The collections themselves are there after a restore, with rules and indexes, and empty. Revoked tokens are kept: a
token that somebody signed out must not be good again.
"""

from typing import Any

from django.conf import settings

from accounts.session_records import COLLECTION as SESSIONS
from ledger import store

_REASONS = {
    SESSIONS: "sign-ins of browsers; people sign in again, and who was signed out stays out",
    store.PROCESSES: "the processes of then; their database sessions are ended",
    store.LEASES: "who did what for all processes then; nobody would hand it on",
}
_CACHE_REASONS = {
    "default": "counters of the request limits, which begin anew",
}


def left_out() -> dict[str, str]:
    """Return the collections whose documents are left out, each with the reason."""
    kept: Any = settings.CACHES
    caches = {str(kept[alias]["LOCATION"]): reason for alias, reason in _CACHE_REASONS.items()}
    return {**_REASONS, **caches}
