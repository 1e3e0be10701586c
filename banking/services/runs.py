"""Payment runs: uploading and checking a list of payees, confirming it, doing it again on purpose.

Nobody is paid twice, because

- the same content for the same account is one run, however often it is uploaded (a unique index says so), and paying
  it again is a choice of its own, which makes the next occurrence;
- a run is confirmed once, by one conditional write (CHECKED → PAYING);
- each line has one idempotency key for ever (`banking.run_records.line_key`), so whoever pays the run, and however
  often, the ledger moves its money once.

Who pays the lines of a confirmed run is `banking.services.run_drive`.
"""

import contextlib
from collections.abc import Sequence
from datetime import timedelta
from typing import Any

import structlog
from bson.int64 import Int64
from bson.objectid import ObjectId
from pymongo.client_session import ClientSession
from pymongo.errors import DuplicateKeyError

from accounts.models import User
from banking.bulk_files import Row, rows_digest
from banking.errors import PayerNotActive, RunChanged, RunNotFound
from banking.run_records import CHECKED, CHECKING, DONE, PAYING, READY, Document, Run, lines, runs
from banking.selectors.runs import run_get_for_user
from banking.services import run_drive
from banking.services.run_check import DECIMAL_COMMA, Checked, is_paid_since, rows_check
from ledger import atomic
from ledger.accounts import account_get_for_owner
from ledger.audit import SUCCESS, Origin, audit_record
from ledger.records import ACTIVE, Account, now

MAX_NAME = 120
# A run whose lines have not been written by then never will be.
_ABANDONED = timedelta(hours=1)

_log = structlog.get_logger(__name__)


def run_upload(*, user: User, account: Account, name: str, rows: Sequence[Row]) -> tuple[Run, bool]:
    """Check a list of payees and keep it as a run; a list that is known already leads to its run, checked again.

    Args:
        user: who uploads it.
        account: the one that is to pay, fetched for this user.
        name: of the file.
        rows: as `banking.bulk_files` read them.

    Returns:
        The run, and whether it was there before.
    """
    _sweep()
    digest = rows_digest(rows)
    known = _latest(account.id, digest)
    if known is None:
        return _create(user, account, name, rows, digest, 1)
    if known.status == CHECKED:
        # Whoever uploads it again wants to know how it is now; who confirmed it meanwhile was quicker.
        with contextlib.suppress(RunChanged):
            known = run_check_again(user=user, run=known)
    return known, True


def run_repeat(*, user: User, run: Run) -> Run:
    """Make a new run of a list that was paid, to be checked and confirmed like any other.

    Args:
        user: whose run it is.
        run: fetched for this user. When it is not the latest of its content, or not done, the latest is the answer:
            so pressing twice makes one new run.
    """
    latest = _latest(run.account, run.digest)
    if latest is None or latest.id != run.id or run.status != DONE:
        return latest or run
    account = account_get_for_owner(account_id=run.account, owner=user.pk)
    return _create(user, account, run.name, _rows_of(run), run.digest, run.occurrence + 1)[0]


def run_check_again(*, user: User, run: Run) -> Run:
    """Check a run that is not confirmed once more: people open accounts, and balances change.

    Raises:
        RunChanged: it was confirmed or checked again meanwhile.
    """
    account = account_get_for_owner(account_id=run.account, owner=user.pk)
    rows = _rows_of(run)
    if len(rows) != run.line_count:
        # Another check has replaced these lines while they were read.
        raise RunChanged
    checked = rows_check(account=account, rows=rows, is_repeated=run.is_repeated)
    check = ObjectId()
    _insert_lines(run.id, check, account.id, checked)
    guard = {"_id": run.id, "status": CHECKED, "check": run.check}
    is_ours = runs().update_one(guard, {"$set": {"check": check, **_found_by(checked)}}).matched_count == 1
    lines().delete_many({"run": run.id, "check": run.check if is_ours else check})
    if not is_ours:
        raise RunChanged
    return run_get_for_user(user=user, run_id=run.id)


def run_discard(*, user: User, run: Run) -> None:
    """Forget a run that was not confirmed.

    Raises:
        RunChanged: it was confirmed meanwhile.
    """
    if runs().delete_one({"_id": run.id, "owner": user.pk, "status": CHECKED}).deleted_count != 1:
        raise RunChanged
    lines().delete_many({"run": run.id})


def run_confirm(*, user: User, run: Run, check: str, leave_out: bool, origin: Origin) -> Run:
    """Have a run paid: once, however often this is asked.

    Args:
        user: who confirms.
        run: fetched for this user.
        check: id of the check that the person has seen.
        leave_out: do not pay the lines that an earlier run has paid.
        origin: who asks, and from where.

    Returns:
        The run as it is now, which somebody else may have confirmed before.

    Raises:
        RunChanged: it is not confirmed, and was checked again since the person saw it, or is now, because another
            run has paid the same meanwhile; or nothing in it can be paid.
        PayerNotActive: the account cannot send money now.
    """
    if run.status == CHECKED:
        account = account_get_for_owner(account_id=run.account, owner=user.pk)
        if account.status != ACTIVE:
            raise PayerNotActive
        if check != str(run.check) or not run.ready_count:
            raise RunChanged
        if is_paid_since(run=run):
            run_check_again(user=user, run=run)
            raise RunChanged
        atomic.run(lambda session: _confirm(run, leave_out, origin, session))
    found = run_get_for_user(user=user, run_id=run.id)
    if found.status == CHECKED:
        raise RunChanged
    run_drive.drive_soon(found)
    return found


def run_go_on(*, run: Run) -> None:
    """Take up a run that came to a halt because the database did not answer for too long."""
    runs().update_one({"_id": run.id, "status": PAYING}, {"$set": {"stalled_at": None}})
    run_drive.drive_soon(run)


def _confirm(run: Run, leave_out: bool, origin: Origin, session: ClientSession) -> None:
    """Take the one step from CHECKED to PAYING, with its audit record; somebody else's step is left as it is."""
    guard = {"_id": run.id, "status": CHECKED, "check": run.check}
    change = {"status": PAYING, "confirmed_at": now(), "leave_out": leave_out, "address": origin.address}
    if runs().update_one(guard, {"$set": change}, session=session).matched_count == 1:
        audit_record(
            action="payment_run.confirmed",
            status=SUCCESS,
            origin=origin,
            subject=run.id,
            accounts=[run.account],
            details={"lines": run.line_count, "ready": run.ready_count, "occurrence": run.occurrence},
            session=session,
        )


def _latest(account: ObjectId, digest: str) -> Run | None:
    same = {"account": account, "digest": digest, "checked_at": {"$type": "date"}}
    document = runs().find_one(same, sort=[("occurrence", -1)])
    return None if document is None else Run.of(document)


def _create(
    user: User, account: Account, name: str, rows: Sequence[Row], digest: str, occurrence: int
) -> tuple[Run, bool]:
    """Write a run and its lines, and show it when all of it is there; of two at once one wins, and both get that."""
    checked = rows_check(account=account, rows=rows, is_repeated=occurrence > 1)
    document = _run_document(user, account, name, digest, occurrence)
    runs().insert_one(document)
    _insert_lines(document["_id"], document["check"], account.id, checked)
    shown = {"status": CHECKED, "checked_at": now(), **_found_by(checked)}
    try:
        runs().update_one({"_id": document["_id"], "status": CHECKING}, {"$set": shown})
    except DuplicateKeyError:
        _delete(document["_id"])
        known = _latest(account.id, digest)
        if known is None:
            raise RunNotFound from None
        return known, True
    return run_get_for_user(user=user, run_id=document["_id"]), False


def _run_document(user: User, account: Account, name: str, digest: str, occurrence: int) -> Document:
    return {
        "_id": ObjectId(),
        "owner": user.pk,
        "account": account.id,
        "currency": account.currency,
        "name": name[:MAX_NAME],
        "digest": digest,
        "occurrence": Int64(occurrence),
        "status": CHECKING,
        "check": ObjectId(),
        **{name: Int64(0) for name in ("line_count", "ready_count", "ready_minor", "paid_count", "paid_minor")},
        "leave_out": False,
        "address": "",
        "holder": None,
        "lease_until": None,
        "stalled_at": None,
        "created_at": now(),
        "checked_at": None,
        "confirmed_at": None,
        "done_at": None,
    }


def _found_by(checked: Sequence[Checked]) -> dict[str, Int64]:
    ready = [line.amount_minor or 0 for line in checked if line.state == READY]
    return {
        "line_count": Int64(len(checked)),
        "ready_count": Int64(len(ready)),
        "ready_minor": Int64(sum(ready)),
    }


def _insert_lines(run: ObjectId, check: ObjectId, account: ObjectId, checked: Sequence[Checked]) -> None:
    lines().insert_many((_line_document(run, check, account, line) for line in checked), ordered=False)


def _line_document(run: ObjectId, check: ObjectId, account: ObjectId, line: Checked) -> dict[str, Any]:
    return {
        "run": run,
        "check": check,
        "account": account,
        "number": Int64(line.row.number),
        "payee": line.row.payee,
        "amount": line.row.amount,
        "note": line.row.note,
        "receiver": line.receiver,
        "name": line.name,
        "amount_minor": None if line.amount_minor is None else Int64(line.amount_minor),
        "state": line.state,
        "code": line.problems[0].code if line.problems else None,
        "problem": " ".join(problem.sentence for problem in line.problems),
        "twin": line.twin,
        "repeats": line.repeats,
        "transaction": None,
        "paid_at": None,
    }


def _rows_of(run: Run) -> list[Row]:
    found = lines().find({"run": run.id, "check": run.check}).sort("number", 1)
    return [
        Row(int(one["number"]), one["payee"], one["amount"], one["note"], one["code"] == DECIMAL_COMMA.code)
        for one in found
    ]


def _sweep() -> None:
    """Remove runs that were never written to the end, because their process died."""
    abandoned = {"status": CHECKING, "created_at": {"$lt": now() - _ABANDONED}}
    for document in runs().find(abandoned, {"_id": 1}).limit(10):
        _log.info("abandoned_payment_run_removed", run=str(document["_id"]))
        _delete(document["_id"])


def _delete(run: ObjectId) -> None:
    lines().delete_many({"run": run})
    runs().delete_one({"_id": run, "status": CHECKING})
