"""Browser sessions in the cache, with two differences to Django's own store of that kind.

A database that does not answer raises here. Django's store takes every error for an empty session, and the cookie of
somebody who is signed in would be deleted whenever the database pauses.

Saving changes only a session that is still there, in one command. Django's store looks first and writes then; a
request that ends between the two would bring back a session that was just signed out.
"""

from typing import Any, cast

from django.conf import settings
from django.contrib.sessions.backends.base import CreateError, UpdateError
from django.contrib.sessions.backends.cache import SessionStore as CacheSessionStore
from django.core.cache import caches

from config.cache import MongoCache


class SessionStore(CacheSessionStore):
    """The session of one browser, kept in the cache that `SESSION_CACHE_ALIAS` names."""

    def __init__(self, session_key: str | None = None) -> None:
        super().__init__(session_key)
        self._mongo = cast(MongoCache, caches[settings.SESSION_CACHE_ALIAS])

    def load(self) -> dict[str, Any]:
        """Return what the session holds; nothing when there is none.

        Raises:
            PyMongoError: the database does not answer.
        """
        data = self._mongo.get(self.cache_key)
        if data is None:
            self._session_key = None
            return {}
        return cast(dict[str, Any], data)

    def save(self, must_create: bool = False) -> None:
        """Store the session.

        Raises:
            CreateError: the new key is taken.
            UpdateError: the session was ended meanwhile.
        """
        if self.session_key is None:
            self.create()
            return
        # The stubs leave this method of Django's base class out.
        data = cast(Any, self)._get_session(no_load=must_create)
        store = self._mongo.add if must_create else self._mongo.replace
        if not store(self.cache_key, data, self.get_expiry_age()):
            raise CreateError if must_create else UpdateError
