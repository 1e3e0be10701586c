"""`post(batch)`: the only place where a balance changes.

It reads the accounts and keys of all instructions, lets `ledger.rules` decide them in order in memory, writes
balances, transactions, entries, audit records and events in a few bulk calls and commits once. One transfer is a batch
of one. Every balance is written under a guard though the batch has decided already: defence in depth.
"""

from collections.abc import Sequence

import pymongo
import structlog
from bson.int64 import Int64
from bson.objectid import ObjectId
from pymongo import InsertOne, ReplaceOne, UpdateOne
from pymongo.client_session import ClientSession
from pymongo.errors import PyMongoError

from ledger import atomic
from ledger.errors import TryAgain
from ledger.records import ACTIVE, FAILED, Document, now
from ledger.rules import Answer, Batch, Instruction, answer_for_known
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
    try:
        return atomic.run(lambda session: post_within(session, batch), deadline_seconds=deadline_seconds)
    except TryAgain as unknown:
        return read_back(batch, unknown)


def post_within(session: ClientSession, batch: Sequence[Instruction]) -> list[Answer]:
    """Execute the instructions as part of a transaction that the caller runs by `ledger.atomic.run`.

    For the ledger's own changes that include a posting, such as opening an account with its opening balance;
    everybody else calls `post`, or `ledger.transfers`.

    Returns:
        As `post`; the answers hold only if the transaction commits.
    """
    plan = Batch(accounts=_accounts(session, batch), known=_known(session, batch), moment=now())
    answers = [plan.decide(instruction) for instruction in batch]
    if plan.inserted or plan.replaced:
        _write(session, plan)
    return answers


def _accounts(session: ClientSession, batch: Sequence[Instruction]) -> Accounts:
    ids = {account for instruction in batch for account in (instruction.sender, instruction.receiver)}
    found = books().accounts.find({"_id": {"$in": list(ids)}}, session=session)
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
    if plan.before:
        balances = [_balance_write(before, plan.accounts[account]) for account, before in plan.before.items()]
        _expect(to.accounts.bulk_write(balances, session=session).matched_count, len(balances))
        to.entries.insert_many(plan.entries, session=session)
    inserts: list[InsertOne[Document] | ReplaceOne[Document]] = [InsertOne(new) for new in plan.inserted.values()]
    retries = [
        ReplaceOne({"_id": again["_id"], "status": FAILED, "retry_count": count}, again)
        for count, again in plan.replaced.values()
    ]
    result = to.transactions.bulk_write([*inserts, *retries], session=session)
    _expect(result.matched_count, len(retries))
    to.audit.insert_many(plan.audit, session=session)
    to.events.insert_many(plan.events, session=session)


def _balance_write(before: Document, after: Document) -> UpdateOne:
    """Move a balance only from the very state that the decision was made on, and never below the limit."""
    change = after["balance_minor"] - before["balance_minor"]
    spendable = {"$add": [{"$subtract": ["$balance_minor", "$held_minor"]}, "$overdraft_minor"]}
    guard = {
        "_id": before["_id"],
        "status": ACTIVE,
        "version": before["version"],
        "$expr": {"$gte": [spendable, Int64(-change)]},
    }
    return UpdateOne(
        guard,
        {
            "$inc": {
                "balance_minor": Int64(change),
                "credits_minor": Int64(after["credits_minor"] - before["credits_minor"]),
                "seq": Int64(after["seq"] - before["seq"]),
                "version": Int64(1),
            },
            "$set": {"posted_at": after["posted_at"], "updated_at": after["posted_at"]},
        },
    )


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
    return [_answerread_back(instruction, known.get(instruction.identity), unknown) for instruction in batch]


def _answerread_back(instruction: Instruction, known: Document | None, unknown: TryAgain) -> Answer:
    if known is None:
        return unknown
    return answer_for_known(instruction, known) or unknown
