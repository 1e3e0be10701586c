"""Django's browser sessions, kept in `accounts.session_records`. What Django's own stores on a cache do otherwise:

A database that does not answer raises here. They take every error for an empty session, and the cookie of somebody
who is signed in would be deleted whenever the database pauses.

Saving changes only a session that is still there, in one command. They look first and write then; a request that ends
between the two would bring back a session that was just signed out.

Each session says whose it is and when it was last seen, so that people can look at theirs and end them. For that no
request reads more than it did: the record comes with the session, and is written at most once a minute.
"""

import json
from datetime import UTC, datetime, timedelta
from typing import Any, cast

import structlog
from bson.objectid import ObjectId
from django.contrib.auth import HASH_SESSION_KEY, SESSION_KEY
from django.contrib.sessions.backends.base import CreateError, SessionBase, UpdateError
from pymongo.errors import PyMongoError

from accounts import session_records as records
from accounts.models import moment
from accounts.mongo import Document

# How old the time in a record may be before it is written again.
SEEN_EVERY = timedelta(minutes=1)

_log = structlog.get_logger(__name__)


class SessionStore(SessionBase):
    """The session of one browser."""

    def __init__(self, session_key: str | None = None) -> None:
        super().__init__(session_key)
        # Who asks: the middleware says so for a request.
        self.visit = records.Visit()
        self._user: ObjectId | None = None
        self._signed_in_at: datetime | None = None
        self._seen_at: datetime | None = None

    def exists(self, session_key: str) -> bool:
        """Tell whether there is a session with this key."""
        return records.record_find(records.record_id(session_key)) is not None

    def load(self) -> dict[str, Any]:
        """Return what the session holds; nothing when there is none.

        Raises:
            PyMongoError: the database does not answer.
        """
        record = records.record_find(records.record_id(self.session_key)) if self.session_key else None
        if record is None:
            # A key that we did not make is never used: the browser gets one of ours.
            self._session_key = None
            return {}
        self._user, self._signed_in_at = record["user"], record["signed_in_at"]
        self._seen_at = record["seen_at"]
        return cast(dict[str, Any], json.loads(record["value"]))

    def create(self) -> None:
        """Begin a session under a new key."""
        # The stubs leave this method of Django's base class out.
        self._session_key = cast(Any, self)._get_new_session_key()
        self.save(must_create=True)
        self.modified = True

    def save(self, must_create: bool = False) -> None:
        """Store the session.

        Raises:
            CreateError: the new key is taken.
            UpdateError: the session was ended meanwhile.
        """
        if self.session_key is None:
            self.create()
            return
        content = self._content(cast(Any, self)._get_session(no_load=must_create))
        store = records.record_add if must_create else records.record_change
        if not store(records.record_id(self.session_key), content):
            raise CreateError if must_create else UpdateError
        self._seen_at = content["seen_at"]

    def delete(self, session_key: str | None = None) -> None:
        """End a session, this one unless a key is given."""
        key = session_key or self.session_key
        if key is not None:
            records.record_remove(records.record_id(key))

    @classmethod
    def clear_expired(cls) -> None:
        """Do nothing: the TTL index does."""

    @property
    def is_somebodys(self) -> bool:
        """Whether it was looked at and somebody is signed in with it; it is not looked at for this."""
        return self._user is not None

    def see(self) -> None:
        """Write down that somebody who is signed in was here, unless that was written within the last minute.

        It comes after the answer is made: a database that fails now must not turn what was done into an error.
        """
        now = moment()
        if self._user is None or self.session_key is None or not self._seen_at or now - self._seen_at < SEEN_EVERY:
            return
        try:
            records.record_seen(records.record_id(self.session_key), self.visit, at=now)
        except PyMongoError as error:
            _log.warning("session_not_seen", error=type(error).__name__)

    def _content(self, data: dict[str, Any]) -> Document:
        now, user = moment(), _user_in(data)
        if user != self._user:
            self._user, self._signed_in_at = user, now if user else None
        return {
            "value": json.dumps(data, separators=(",", ":")),
            "user": user,
            "stamp": data.get(HASH_SESSION_KEY) if user else None,
            "signed_in_at": self._signed_in_at,
            "seen_at": now,
            "expires_at": datetime.now(UTC) + timedelta(seconds=self.get_expiry_age()),
            **self.visit.fields(),
        }


def _user_in(data: dict[str, Any]) -> ObjectId | None:
    name = str(data.get(SESSION_KEY, ""))
    return ObjectId(name) if ObjectId.is_valid(name) else None
