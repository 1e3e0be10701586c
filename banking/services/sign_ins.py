"""Ending sign-ins, with a line in the audit log for each that was ended."""

from accounts import sessions
from accounts.models import User
from ledger.audit import SUCCESS, Origin, audit_record

ONE, OTHERS, ALL = "one", "others", "all"


def session_end(*, user: User, session_id: str, origin: Origin) -> None:
    """End the session of one browser.

    Args:
        user: whose it is.
        session_id: as `accounts.sessions.BrowserSession` names it.
        origin: who asks, and from where.

    Raises:
        SessionNotFound: there is none with this id, or it is somebody else's; nothing was ended.
    """
    sessions.session_end(user=user, session_id=session_id)
    _write_down(user, origin, ONE)


def sessions_end_others(*, user: User, origin: Origin) -> User:
    """End all sessions of browsers; the one that asks goes on with the stamp of the person that is returned.

    Raises:
        InvalidToken: somebody ended this sign-in meanwhile.
    """
    changed = sessions.sign_ins_end(user=user, with_tokens=False)
    _write_down(user, origin, OTHERS)
    return changed


def sign_ins_end_all(*, user: User, origin: Origin) -> None:
    """End every sign-in of a person: all browsers, this one too, and the tokens of programs.

    Raises:
        InvalidToken: somebody ended this sign-in meanwhile.
    """
    sessions.sign_ins_end(user=user, with_tokens=True)
    _write_down(user, origin, ALL)


def _write_down(user: User, origin: Origin, which: str) -> None:
    audit_record(action="sessions.ended", status=SUCCESS, origin=origin, subject=user.pk, details={"which": which})
