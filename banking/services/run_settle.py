"""What the ledger says of lines that had failed: a payment that was tried again under its own key may have been made.

The ledger is the truth. A line keeps its idempotency key for ever, and a person can send it again from the list of
failed transfers, where nobody knows of runs. So before a run is shown, downloaded, or compared with a new list, its
failed lines are looked up in the ledger, and those that were paid meanwhile are noted as paid.
"""

from collections.abc import Iterator, Sequence

from bson.int64 import Int64
from bson.objectid import ObjectId
from pymongo import UpdateOne

from banking.run_records import DONE, FAILED, PAID, Document, Run, line_key, lines, runs
from banking.selectors.runs import run_tally
from ledger.history import completed_by_keys
from ledger.records import Transaction

# Keys that are looked up in one query.
_A_QUERY = 2_000
# How many of the latest runs of an account with lines that failed a check looks at.
LATEST_RUNS = 50


def run_settle(run: Run) -> Run:
    """Note the lines of a run that failed and were paid later, and return the run with what was paid.

    Args:
        run: fetched for its owner; one that is not done is left to who pays it.
    """
    if run.status != DONE:
        return run
    failed = lines().find({"run": run.id, "check": run.check, "state": FAILED}, {"number": 1})
    _settle(run, list(failed))
    return _counted(run)


def runs_settle(account: ObjectId) -> None:
    """Do so for the latest runs of an account in which something had failed."""
    for run in _with_failures(account):
        run_settle(run)


def _with_failures(account: ObjectId) -> Iterator[Run]:
    some = {"account": account, "status": DONE, "checked_at": {"$type": "date"}}
    unpaid = {"$expr": {"$lt": ["$paid_count", "$ready_count"]}}
    found = runs().find({**some, **unpaid}).sort("confirmed_at", -1).limit(LATEST_RUNS)
    return (Run.of(document) for document in found)


def _settle(run: Run, failed: Sequence[Document]) -> None:
    for start in range(0, len(failed), _A_QUERY):
        some = {line_key(run.id, int(line["number"])): line["_id"] for line in failed[start : start + _A_QUERY]}
        paid = completed_by_keys(sender=run.account, keys=list(some))
        writes = [_paid_write(some[key], transaction) for key, transaction in paid.items()]
        if writes:
            lines().bulk_write(writes, ordered=False)


def _paid_write(line: ObjectId, transaction: Transaction) -> UpdateOne:
    paid = {
        "state": PAID,
        "transaction": transaction.id,
        "paid_at": transaction.completed_at,
        "code": None,
        "problem": "",
    }
    return UpdateOne({"_id": line, "state": FAILED}, {"$set": paid})


def _counted(run: Run) -> Run:
    """Bring the run's own sums up to its lines; they only ever grow, so of two at once the later look wins."""
    tally = run_tally(run)
    if tally.paid_count == run.paid_count:
        return run
    paid = {"paid_count": Int64(tally.paid_count), "paid_minor": Int64(tally.paid_minor)}
    runs().update_one({"_id": run.id, "status": DONE, "paid_count": {"$lt": tally.paid_count}}, {"$set": paid})
    document = runs().find_one({"_id": run.id})
    return run if document is None else Run.of(document)
