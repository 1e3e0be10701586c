"""Who did what, when and from where: written once, never changed.

A record about money or an account's state is written inside the transaction that does it; `audit_record` is for what
happens outside the ledger (sign-ins, roles).
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from bson.objectid import ObjectId
from pymongo.client_session import ClientSession

from ledger.records import id_at, now
from ledger.store import books

SUCCESS, FAILED = "SUCCESS", "FAILED"


@dataclass(frozen=True, slots=True)
class Origin:
    """Who asks, and from where.

    Args:
        actor: the person's id, None for nobody known (a failed sign-in, a scheduled job).
        address: the client's network address, empty for a command.
        surface: `browser`, `api` or `command`.
        request_id: names the request, so that log lines and audit records of it are found together; may be empty.
    """

    actor: ObjectId | None
    address: str
    surface: str
    request_id: str = ""


COMMAND = Origin(actor=None, address="", surface="command")


def audit_document(
    *,
    action: str,
    status: str,
    origin: Origin,
    subject: ObjectId | None,
    event: str | None = None,
    accounts: Sequence[ObjectId] = (),
    details: Mapping[str, Any] | None = None,
    at: datetime | None = None,
) -> dict[str, Any]:
    """Return an audit record; `details` must hold no secret and no personal data beyond what names the subject."""
    moment = at or now()
    return {
        "_id": id_at(moment),
        "action": action,
        "event": event,
        "status": status,
        "actor": origin.actor,
        "subject": subject,
        "accounts": list(accounts),
        "at": moment,
        "address": origin.address,
        "surface": origin.surface,
        "request_id": origin.request_id,
        "details": dict(details or {}),
    }


def audit_record(
    *,
    action: str,
    status: str,
    origin: Origin,
    subject: ObjectId | None,
    event: str | None = None,
    details: Mapping[str, Any] | None = None,
    accounts: Sequence[ObjectId] = (),
    session: ClientSession | None = None,
) -> None:
    """Write one audit record about something outside the ledger.

    Args:
        action: what was done, such as `login` or `role.changed`.
        status: SUCCESS or FAILED.
        origin: who asked, and from where.
        subject: the id of what it was done to.
        event: its name, if consumers of events are to be told.
        details: anything more, without secrets.
        accounts: the accounts that it concerns.
        session: of the transaction that does it, if there is one.
    """
    document = audit_document(
        action=action,
        status=status,
        origin=origin,
        subject=subject,
        event=event,
        accounts=accounts,
        details=details,
    )
    books().audit.insert_one(document, session=session)
