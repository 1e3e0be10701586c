"""Sign-ins and roles in the audit log: people know nothing of the ledger, so it is written down here."""

from datetime import timedelta
from typing import Any

import structlog
from bson.objectid import ObjectId
from django.contrib.auth.signals import user_logged_in, user_logged_out, user_login_failed
from django.http import HttpRequest

from accounts.models import User
from accounts.signals import role_changed
from banking.origin import command_origin, origin_of
from ledger.audit import FAILED, SUCCESS, Origin, audit_record
from ledger.records import now
from ledger.trail import AuditFilter, audit_page

_MAX_SHOWN = 254
_VIEWED_AGAIN = timedelta(hours=1)

_log = structlog.get_logger(__name__)


def listen() -> None:
    """Connect the receivers, once for a process."""
    user_logged_in.connect(_logged_in, dispatch_uid="banking.audit.logged_in")
    user_logged_out.connect(_logged_out, dispatch_uid="banking.audit.logged_out")
    user_login_failed.connect(_login_failed, dispatch_uid="banking.audit.login_failed")
    role_changed.connect(_role_changed, dispatch_uid="banking.audit.role_changed")


def _logged_in(sender: Any, request: HttpRequest, user: User, **_: Any) -> None:
    audit_record(action="login", status=SUCCESS, origin=origin_of(request, user), subject=user.pk)


def _logged_out(sender: Any, request: HttpRequest, user: User | None, **_: Any) -> None:
    if user is not None:
        audit_record(action="logout", status=SUCCESS, origin=origin_of(request, user), subject=user.pk)


def _login_failed(sender: Any, credentials: dict[str, Any], request: HttpRequest | None = None, **_: Any) -> None:
    # What was typed may hold anything, lone surrogates included, which the database cannot store.
    typed = str(credentials.get("email") or credentials.get("username") or "")
    email = typed.encode("utf-8", "replace").decode()[:_MAX_SHOWN]
    origin = origin_of(request, None) if request is not None else command_origin()
    audit_record(action="login", status=FAILED, origin=origin, subject=None, details={"email": email})
    _log.info("login_failed", address=origin.address)


def _role_changed(sender: Any, user: User, old_role: str | None, new_role: str, is_system: bool, **_: Any) -> None:
    details = {"from": None if old_role is None else str(old_role), "to": str(new_role), "system": is_system}
    audit_record(action="role.changed", status=SUCCESS, origin=command_origin(), subject=user.pk, details=details)


def person_registered(*, user: User, origin: Origin) -> None:
    """Write down that somebody became a customer."""
    subject: ObjectId = user.pk
    audit_record(action="user.registered", status=SUCCESS, origin=origin, subject=subject)


def person_viewed(*, user: User, origin: Origin) -> None:
    """Write down that an administrator looked at somebody's page, once an hour however often it is opened."""
    before = AuditFilter(action="user.viewed", actor=origin.actor, subject=user.pk, since=now() - _VIEWED_AGAIN)
    if origin.actor != user.pk and not audit_page(wanted=before, limit=1).records:
        audit_record(action="user.viewed", status=SUCCESS, origin=origin, subject=user.pk)


def person_changed(*, user: User, origin: Origin, fields: list[str], status: str = SUCCESS) -> None:
    """Write down that somebody changed these fields of their own, or tried to without their password."""
    audit_record(
        action="user.changed", status=status, origin=origin, subject=user.pk, details={"fields": sorted(fields)}
    )
