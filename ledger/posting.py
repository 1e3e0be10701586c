"""`post(batch)`: the only place where a balance changes.

It reads the accounts and keys of all instructions, lets `ledger.rules` decide them in order in memory, writes
balances, transactions, entries and audit records in one command each and commits once. One transfer is a batch
of one. Every balance is written under a guard though the batch has decided already: defence in depth.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import chain, repeat

import pymongo
import structlog
from bson.int64 import Int64
from bson.objectid import ObjectId
from pymongo.client_session import ClientSession
from pymongo.errors import PyMongoError

from ledger import atomic, commands, instruments
from ledger.errors import LedgerError, TryAgain
from ledger.memory import Accounts, Memory
from ledger.records import ACTIVE, FAILED, Document, now
from ledger.rules import Answer, Batch, Instruction, answer_for_known
from ledger.stats import shard_update
from ledger.store import books

# More than this in one transaction would hold its accounts for too long and near the server's size limits.
MAX_BATCH = 1_000
_READ_BACK_SECONDS = 2

Known = dict[tuple[ObjectId, str], Document]

_log = structlog.get_logger(__name__)


def post(
    batch: Sequence[Instruction], *, deadline_seconds: float | None = None, memory: Memory | None = None
) -> list[Answer]:
    """Execute the instructions in order, in one database transaction.

    Args:
        batch: 1 to `MAX_BATCH` instructions.
        deadline_seconds: how long it may take, waiting included; the setting's by default.
        memory: what the accounts are thought to be, and where they are kept after the commit.

    Returns:
        An answer for each instruction, in order: an `Outcome`, or the `LedgerError` that it deserves (returned, not
        raised, because it concerns that instruction alone). `TryAgain` where it is not known what became of it.
    """
    if not 1 <= len(batch) <= MAX_BATCH:
        raise ValueError(f"a batch has 1 to {MAX_BATCH} instructions, not {len(batch)}")
    instruments.BATCH_SIZE.observe(len(batch))
    with instruments.POSTING_SECONDS.time():
        return _posted(batch, deadline_seconds, memory or Memory())


def _posted(batch: Sequence[Instruction], deadline_seconds: float | None, memory: Memory) -> list[Answer]:
    first_try = _Guess(memory.recall(_ids_of(batch)), new_keys=len(batch) == 1)
    tries = chain([first_try], repeat(_READ_ALL))

    def work(session: ClientSession) -> tuple[list[Answer], Batch]:
        guess = next(tries)
        if guess is not first_try:
            memory.forget()
        return _post(session, batch, guess)

    try:
        answers, plan = atomic.run(work, deadline_seconds=deadline_seconds)
    except TryAgain as unknown:
        memory.forget()
        return read_back(batch, unknown)
    memory.keep(plan.accounts_after())
    return answers


def post_within(session: ClientSession, batch: Sequence[Instruction]) -> list[Answer]:
    """Execute the instructions as part of a transaction that the caller runs by `ledger.atomic.run`.

    For the ledger's own changes that include a posting, such as opening an account with its opening balance;
    everybody else calls `post`, or `ledger.transfers`.

    Returns:
        As `post`; the answers hold only if the transaction commits.
    """
    return _post(session, batch, _READ_ALL)[0]


@dataclass(frozen=True, slots=True)
class _Guess:
    """What is taken for granted instead of read, in the first try alone.

    Nearly every key is new, so a single transfer does not ask: if the key has been used, the unique index refuses the
    transaction as a whole, and the second try asks. A batch asks at once, because many pay for one round trip.

    Args:
        accounts: as they are thought to be; None to read them.
        new_keys: whether the keys are taken for new.
    """

    accounts: Accounts | None = None
    new_keys: bool = False


_READ_ALL = _Guess()


def _post(session: ClientSession, batch: Sequence[Instruction], guess: _Guess) -> tuple[list[Answer], Batch]:
    known = {} if guess.new_keys else _known(session, batch)
    accounts = _accounts(session, batch) if guess.accounts is None else guess.accounts
    plan = Batch(accounts=accounts, known=known, moment=now())
    answers = [plan.decide(instruction) for instruction in batch]
    if guess.accounts is not None and any(isinstance(answer, LedgerError) for answer in answers):
        # A guard stands before balances alone: nothing is refused on a guess.
        return _post(session, batch, _Guess(None, new_keys=guess.new_keys))
    if plan.inserted or plan.replaced:
        _write(session, plan)
    return answers, plan


def _ids_of(batch: Sequence[Instruction]) -> set[ObjectId]:
    return {account for instruction in batch for account in (instruction.sender, instruction.receiver)}


def _accounts(session: ClientSession, batch: Sequence[Instruction]) -> Accounts:
    ids = _ids_of(batch)
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
        "balance_minor": before["balance_minor"],
        "seq": before["seq"],
        "head_hash": before["head_hash"],
        "$expr": {"$gte": [spendable, Int64(-change)]},
    }
    moved = {name: Int64(after[name] - before[name]) for name in ("balance_minor", "credits_minor", "seq")}
    return {
        "q": guard,
        "u": {
            "$inc": {**moved, "version": Int64(1)},
            "$set": {
                "head_hash": after["head_hash"],
                "posted_at": after["posted_at"],
                "updated_at": after["posted_at"],
            },
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
