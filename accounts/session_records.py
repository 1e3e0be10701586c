"""Where browser sessions are kept: one document for each, which is at the same time the list of a person's sessions.

A session is found by a digest of its key, never by the key itself: who reads the database, or a backup of it, cannot
take anybody's place with it, and the digest may stand in a page to say which session is meant. Who it belongs to is
written in the same document in the same command, so that the list can never differ from the sessions that work, and
removing the document ends the session on every process with nothing else to look at.

Each function is one command to the database. A session that has expired does not exist for any of them; a TTL index
removes it within a minute or so.
"""

import hashlib
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from bson.codec_options import CodecOptions
from bson.objectid import ObjectId
from pymongo import DESCENDING
from pymongo.collection import Collection
from pymongo.errors import DuplicateKeyError
from pymongo.write_concern import WriteConcern

from accounts.mongo import Document, raw_collection

COLLECTION = "accounts_sessions"
AGENT_LENGTH = 400
ADDRESS_LENGTH = 64

_AWARE: CodecOptions[Document] = CodecOptions(tz_aware=True, tzinfo=UTC)


@dataclass(frozen=True, slots=True)
class Visit:
    """From where a browser asks: its network address, and what it says of itself, both cut to what is kept."""

    address: str = ""
    agent: str = ""

    def fields(self) -> Document:
        """Return it as it is stored; what a browser sends may hold what the database cannot."""
        return {
            "address": self.address[:ADDRESS_LENGTH],
            "agent": self.agent[:AGENT_LENGTH].encode("utf-8", "replace").decode(),
        }


def record_id(session_key: str) -> str:
    """Return under which id a session is kept. Its key is long and random: a plain digest cannot be guessed back."""
    return hashlib.sha256(session_key.encode("utf-8", "surrogatepass")).hexdigest()


def record_find(session_id: str) -> Document | None:
    """Return the record of a session, None when there is none."""
    return _records().find_one(_living({"_id": session_id}))


def record_add(session_id: str, content: Document) -> bool:
    """Store a new session; return whether the id was free."""
    try:
        _records().insert_one({"_id": session_id, **content})
    except DuplicateKeyError:
        return False
    return True


def record_change(session_id: str, content: Document) -> bool:
    """Change a session that is still there; return whether it was. One that was ended is not brought back."""
    return _records().update_one(_living({"_id": session_id}), {"$set": content}).matched_count == 1


def record_seen(session_id: str, visit: Visit, *, at: datetime) -> None:
    """Write down where a session was last seen. It waits for no majority: losing it in a fail-over harms nobody."""
    quick = _records().with_options(write_concern=WriteConcern(w=1, j=False))
    seen = {"seen_at": at, **visit.fields()}
    quick.update_one(_living({"_id": session_id, "seen_at": {"$lt": at}}), {"$set": seen})


def record_remove(session_id: str, *, user: ObjectId | None = None) -> bool:
    """Remove a session, only if it is this person's when one is named; return whether it was there."""
    owned: Document = {} if user is None else {"user": user}
    return _records().delete_one(_living({"_id": session_id, **owned})).deleted_count == 1


def records_of_user(user: ObjectId, *, stamps: list[str], limit: int) -> list[Document]:
    """Return the sessions of a person that still work, last seen first.

    Args:
        user: the person.
        stamps: what a session has to carry to be accepted (`User.get_session_auth_hash`).
        limit: the largest number of sessions.
    """
    query = _living({"user": user, "stamp": {"$in": stamps}})
    return list(_records().find(query, {"value": 0}).sort("seen_at", DESCENDING).limit(limit))


def _living(query: Document) -> Document:
    return {**query, "expires_at": {"$gt": datetime.now(UTC)}}


def _records() -> Collection[Any]:
    return raw_collection(COLLECTION).with_options(codec_options=_AWARE)
