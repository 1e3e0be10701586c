"""`post(batch)`: the only place where a balance changes.

It reads the accounts and keys of all instructions, lets `ledger.rules` decide them in order in memory, writes
balances, transactions, entries and audit records in one command each and commits once. One transfer is a batch
of one. Every balance is written under a guard though the batch has decided already: defence in depth.
"""

from collections.abc import Sequence

import pymongo
import structlog
from bson.int64 import Int64
from bson.objectid import ObjectId
from pymongo.client_session import ClientSession
from pymongo.errors import PyMongoError

from ledger import atomic, commands
from ledger.errors import TryAgain
from ledger.records import ACTIVE, FAILED, Document, now
from ledger.rules import Answer, Batch, Instruction, answer_for_known
from ledger.stats import shard_update
from ledger.store import books

# More than this in one transaction would hold its accounts for too long and near the server's size limits.
MAX_BATCH = 1_000
_READ_BACK_SECONDS = 2

Accounts = dict[ObjectId, Document]
Known = dict[tuple[ObjectId, str], Document]

_log = structlog.get_logger(__name__)


def post(batch: Sequence[Instruction], *, deadline_seconds: float | None = None) -> list[Answer]:
    """Execute the instructions in order, in one database transaction.

    Args:
        batch: 1 to `MAX_BATCH` instructions.
        deadline_seconds: how long it may take, waiting included; the setting's by default.

    Returns:
        An answer for each instruction, in order: an `Outcome`, or the `LedgerError` that it deserves (returned, not
        raised, because it concerns that instruction alone). `TryAgain` where it is not known what became of it.
    """
    if not 1 <= len(batch) <= MAX_BATCH:
        raise ValueError(f"a batch has 1 to {MAX_BATCH} instructions, not {len(batch)}")
    trusts = _Trust(is_given=len(batch) == 1)
    try:
        return atomic.run(
            lambda session: post_within(session, batch, new_keys=trusts.once()), deadline_seconds=deadline_seconds
        )
    except TryAgain as unknown:
        return read_back(batch, unknown)


class _Trust:
    """Trust in a key to be new, for the first try alone.

    Nearly every key is. So a single transfer does not ask first: if the key has been used, the unique index refuses
    the transaction as a whole, and the second try asks. A batch asks at once: many pay for one round trip.
    """

    def __init__(self, *, is_given: bool) -> None:
        self._is_given = is_given

    def once(self) -> bool:
        given, self._is_given = self._is_given, False
        return given


def post_within(session: ClientSession, batch: Sequence[Instruction], *, new_keys: bool = False) -> list[Answer]:
    """Execute the instructions as part of a transaction that the caller runs by `ledger.atomic.run`.

    For the ledger's own changes that include a posting, such as opening an account with its opening balance;
    everybody else calls `post`, or `ledger.transfers`.

    Args:
        session: the transaction's.
        batch: 1 to `MAX_BATCH` instructions.
        new_keys: take the keys for unused; a used one then ends in `BulkWriteError`, and nothing is written.

    Returns:
        As `post`; the answers hold only if the transaction commits.
    """
    known = {} if new_keys else _known(session, batch)
    plan = Batch(accounts=_accounts(session, batch), known=known, moment=now())
    answers = [plan.decide(instruction) for instruction in batch]
    if plan.inserted or plan.replaced:
        _write(session, plan)
    return answers


def _accounts(session: ClientSession, batch: Sequence[Instruction]) -> Accounts:
    ids = {account for instruction in batch for account in (instruction.sender, instruction.receiver)}
    found = commands.find(books().accounts, {"_id": {"$in": list(ids)}}, len(ids), session)
    return {document["_id"]: document for document in found}


def _known(session: ClientSession | None, batch: Sequence[Instruction]) -> Known:
    """Return the transactions that are recorded under the keys of the batch."""
    keys: dict[ObjectId, list[str]] = {}
    for instruction in batch:
        keys.setdefault(instruction.sender, []).append(instruction.key)
    clauses = [{"sender": sender, "key": {"$in": mine}} for sender, mine in keys.items()]
    found = books().transactions.find({"$or": clauses}, session=session)
    return {(document["sender"], document["key"]): document for document in found}


def _write(session: ClientSession, plan: Batch) -> None:
    to = books()
    balances = [_balance_write(before, plan.accounts[account]) for account, before in plan.before.items()]
    counted = shard_update(plan.inserted.values(), (again for _, again in plan.replaced.values()))
    _expect(commands.update(to.accounts, [*balances, counted], session), len(balances) + 1)
    if plan.entries:
        commands.insert(to.entries, plan.entries, session)
    if plan.inserted:
        commands.insert(to.transactions, list(plan.inserted.values()), session)
    if plan.replaced:
        retries = [_retry_write(count, again) for count, again in plan.replaced.values()]
        _expect(commands.update(to.transactions, retries, session), len(retries))
    commands.insert(to.audit, plan.audit, session)


def _retry_write(failures: int, again: Document) -> Document:
    """Replace a FAILED transaction only if it has failed as often as was decided on."""
    return {"q": {"_id": again["_id"], "status": FAILED, "retry_count": failures}, "u": again}


def _balance_write(before: Document, after: Document) -> Document:
    """Move a balance only from the very state that the decision was made on, and never below the limit."""
    change = after["balance_minor"] - before["balance_minor"]
    spendable = {"$add": [{"$subtract": ["$balance_minor", "$held_minor"]}, "$overdraft_minor"]}
    guard = {
        "_id": before["_id"],
        "status": ACTIVE,
        "version": before["version"],
        "$expr": {"$gte": [spendable, Int64(-change)]},
    }
    moved = {name: Int64(after[name] - before[name]) for name in ("balance_minor", "credits_minor", "seq")}
    return {
        "q": guard,
        "u": {
            "$inc": {**moved, "version": Int64(1)},
            "$set": {"posted_at": after["posted_at"], "updated_at": after["posted_at"]},
        },
    }


def _expect(matched: int, wanted: int) -> None:
    if matched != wanted:
        raise atomic.SomeoneElseWon(f"{matched} of {wanted} guarded writes found what was decided on")


def read_back(batch: Sequence[Instruction], unknown: TryAgain) -> list[Answer]:
    """After an unknown commit: look at what became of the keys, and never execute again.

    Args:
        batch: the instructions whose outcome is not known.
        unknown: the answer for those of which nothing is recorded.
    """
    try:
        with pymongo.timeout(_READ_BACK_SECONDS):
            known = _known(None, batch)
    except PyMongoError as error:
        _log.warning("read_back_failed", error=type(error).__name__)
        return [unknown] * len(batch)
    return [_answer_read_back(instruction, known.get(instruction.identity), unknown) for instruction in batch]


def _answer_read_back(instruction: Instruction, known: Document | None, unknown: TryAgain) -> Answer:
    if known is None:
        return unknown
    return answer_for_known(instruction, known) or unknown
