"""A person's sign-ins: which browsers have one, and ending them.

One browser is signed out by removing its session. All are signed out by an epoch on the person, which every session
and every token carries in its stamp: raising it ends them at once on every process, those included that are being made
at this very moment, because they carry the epoch that was read before.
"""

from dataclasses import dataclass
from datetime import datetime

from accounts.errors import InvalidToken, SessionNotFound
from accounts.models import User
from accounts.mongo import raw_collection
from accounts.session_records import record_id, record_remove, records_of_user

# Nobody has more browsers; a list that somebody fills on purpose stays short.
MOST_SHOWN = 50
_ID_LENGTH = 64


@dataclass(frozen=True, slots=True)
class BrowserSession:
    """A sign-in of one browser.

    Args:
        id: names the session in pages; it is not the key, which only the browser has.
        is_current: whether the page is shown in it.
        agent: what the browser says of itself, which may be anything.
        address: from where it was last seen.
    """

    id: str
    is_current: bool
    agent: str
    address: str
    signed_in_at: datetime
    seen_at: datetime


def sessions_of_user(*, user: User, current_key: str | None) -> list[BrowserSession]:
    """Return the sessions of a person that work: this one first, then those last seen first.

    Args:
        user: the person, as just read.
        current_key: the key of the session that asks.
    """
    stamps = [user.get_session_auth_hash(), *user.get_session_auth_fallback_hash()]
    current = record_id(current_key or "")
    found = [
        BrowserSession(
            id=record["_id"],
            is_current=record["_id"] == current,
            agent=record["agent"],
            address=record["address"],
            signed_in_at=record["signed_in_at"],
            seen_at=record["seen_at"],
        )
        for record in records_of_user(user.pk, stamps=stamps, limit=MOST_SHOWN)
    ]
    return sorted(found, key=lambda session: not session.is_current)


def session_get_for_user(*, user: User, session_id: str, current_key: str | None) -> BrowserSession:
    """Return one session of a person.

    Raises:
        SessionNotFound: there is none with this id, or it is somebody else's: both look the same.
    """
    for session in sessions_of_user(user=user, current_key=current_key):
        if session.id == session_id:
            return session
    raise SessionNotFound


def session_end(*, user: User, session_id: str) -> None:
    """End one session of a person.

    Raises:
        SessionNotFound: as `session_get_for_user`; nothing was ended.
    """
    if len(session_id) != _ID_LENGTH or not record_remove(session_id, user=user.pk):
        raise SessionNotFound


def sign_ins_end(*, user: User, with_tokens: bool) -> User:
    """End every session of a person, and every token of theirs if that is asked for.

    Args:
        user: who asks, as just read; gets the new epochs, with which the session that asks may go on.
        with_tokens: also those of programs.

    Raises:
        InvalidToken: somebody ended this sign-in meanwhile, by the same or with a new password. Nothing was changed.
    """
    raised = {"session_epoch": 1, **({"token_epoch": 1} if with_tokens else {})}
    as_read = {"_id": user.pk, "password": user.password, "session_epoch": user.session_epoch}
    if raw_collection(User._meta.db_table).update_one(as_read, {"$inc": raised}).matched_count != 1:
        raise InvalidToken
    for name in raised:
        setattr(user, name, (getattr(user, name) or 0) + 1)
    return user
