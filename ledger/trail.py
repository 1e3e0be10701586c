"""Reading the audit log, newest first, for operators."""

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from bson.objectid import ObjectId

from ledger.newest import Question, ids_between, limit_bounded, newest
from ledger.records import Document
from ledger.schema import MONEY_MOVED
from ledger.store import books


@dataclass(frozen=True, slots=True)
class AuditFilter:
    """Which audit records are wanted; None leaves a question open.

    Args:
        action: what was done, such as `login`.
        actor: who did it.
        subject: what it was done to: a transaction, an account or a person.
        subjects: what it was done to, one of these; instead of `subject`.
        since, until: from this time (included) to that (excluded).
    """

    action: str | None = None
    actor: ObjectId | None = None
    subject: ObjectId | None = None
    subjects: tuple[ObjectId, ...] = ()
    since: datetime | None = None
    until: datetime | None = None


@dataclass(frozen=True, slots=True)
class AuditRecord:
    """Who did what to what, when and from where; older records name no request."""

    id: ObjectId
    action: str
    status: str
    actor: ObjectId | None
    subject: ObjectId | None
    at: datetime
    address: str
    surface: str
    request_id: str
    details: dict[str, Any]

    @classmethod
    def of(cls, document: Document) -> "AuditRecord":
        return cls(
            id=document["_id"],
            action=document["action"],
            status=document["status"],
            actor=document["actor"],
            subject=document["subject"],
            at=document["at"],
            address=document["address"],
            surface=document["surface"],
            request_id=document.get("request_id", ""),
            details=document["details"],
        )


@dataclass(frozen=True, slots=True)
class AuditPage:
    """Some audit records, newest first; where the next ones are, if only few or none were found in this part."""

    records: list[AuditRecord]
    next_cursor: str | None


def audit_page(*, wanted: AuditFilter, cursor: str | None = None, limit: int = 20) -> AuditPage:
    """Return audit records, newest first.

    What was done to a subject, and an action that moves no money, is found by an index. An actor, and an action that
    moves money, is looked for among `ledger.newest.MOST_EXAMINED` records in each request.

    Args:
        wanted: which records.
        cursor: `next_cursor` of an earlier page.
        limit: records a page, 1 to 50.

    Raises:
        CursorInvalid: the cursor was not made here.
    """
    found, after = newest(books().audit, _question(wanted), page=None, cursor=cursor, limit=limit_bounded(limit))
    return AuditPage([AuditRecord.of(document) for document in found], after)


def _question(wanted: AuditFilter) -> Question:
    hint = "_id_"
    indexed = ids_between(wanted.since, wanted.until)
    looked_for: Document = {}
    if wanted.actor is not None:
        looked_for["actor"] = wanted.actor
    subjects = wanted.subjects if wanted.subject is None else (wanted.subject,)
    if subjects:
        # Of several the index is read at once, each in its order, and merged.
        hint, indexed["subject"] = "by_subject", {"$in": list(subjects)}
    if wanted.action is not None and (subjects or wanted.action.startswith(MONEY_MOVED)):
        looked_for["action"] = wanted.action
    elif wanted.action is not None:
        hint, indexed["action"] = "by_action", wanted.action
    return Question(hint, indexed, looked_for)
