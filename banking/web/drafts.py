"""Transfers that are being filled in, kept in the session between the form, the review and going back."""

from dataclasses import asdict, dataclass

from django.http import HttpRequest

_SESSION_KEY = "drafts"
# More than one has open at a time; the oldest make room.
_MOST = 8


@dataclass(frozen=True, slots=True)
class Draft:
    """A transfer as it was filled in: account ids, an amount in major units and the customer's words."""

    account: str
    to: str
    amount: str
    note: str


def draft_save(request: HttpRequest, *, key: str, draft: Draft) -> None:
    """Remember the draft under its idempotency key."""
    drafts = {name: value for name, value in request.session.get(_SESSION_KEY, {}).items() if name != key}
    kept = dict([*drafts.items(), (key, asdict(draft))][-_MOST:])
    request.session[_SESSION_KEY] = kept


def draft_get(request: HttpRequest, *, key: str) -> Draft | None:
    """Return the draft under this key, None when there is none (any more)."""
    found = request.session.get(_SESSION_KEY, {}).get(key)
    return None if found is None else Draft(**found)
