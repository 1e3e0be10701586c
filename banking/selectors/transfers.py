"""Transfers as administrators read them: of the bank, of an account, of a person, and one with all that is known."""

from collections.abc import Sequence
from dataclasses import dataclass

from bson.objectid import ObjectId

from accounts.errors import UserNotFound
from accounts.models import User
from accounts.selectors import user_get
from banking.access import transaction_id_read
from banking.selectors.deeds import Deed, deeds_page
from banking.selectors.people import Person, people_page
from banking.selectors.sides import Side, sides_of
from ledger.accounts import accounts_of_owner
from ledger.checkpoints import Checkpoint
from ledger.connections import transactions_span_of_accounts
from ledger.errors import TransactionNotFound
from ledger.history import ChainedEntry, entries_of_transaction, transactions_by_ids
from ledger.listings import Bounds, transactions_page, transactions_page_of_account
from ledger.receipts import entry_checkpoint
from ledger.records import Account, Transaction
from ledger.spans import Span
from ledger.trail import AuditFilter

TRANSFERS_A_PAGE = 20
# Of one transaction: more than its attempts and what became of its deliveries.
_DEEDS_OF_ONE = 20
# Among so many people an account is chosen; who is not among them is typed more exactly.
_MOST_OFFERED = 10


@dataclass(frozen=True, slots=True)
class Transfer:
    """A transaction with both sides."""

    transaction: Transaction
    sender: Side
    receiver: Side


@dataclass(frozen=True, slots=True)
class TransferPage:
    """Some transfers, newest first; where the next ones are, if only few or none were found in this part."""

    transfers: list[Transfer]
    next_cursor: str | None


@dataclass(frozen=True, slots=True)
class Posting:
    """An entry of a transaction.

    Args:
        side: on whose account.
        chained: the entry with its place in the chain.
        checkpoint: what signed it, None while nothing has.
    """

    side: Side
    chained: ChainedEntry
    checkpoint: Checkpoint | None


@dataclass(frozen=True, slots=True)
class Examination:
    """A transaction with all that is known of it; without postings when no money has moved."""

    transfer: Transfer
    postings: list[Posting]
    deeds: list[Deed]


def transfers_page(
    *,
    account: Account | None,
    status: str | None,
    bounds: Bounds,
    cursor: str | None,
    limit: int = TRANSFERS_A_PAGE,
) -> TransferPage:
    """Return transfers of the whole bank, or of one account, newest first.

    Raises:
        CursorInvalid: the cursor was not made here.
    """
    if account is None:
        found = transactions_page(status=status, bounds=bounds, cursor=cursor, limit=limit)
    else:
        found = transactions_page_of_account(account=account, status=status, bounds=bounds, cursor=cursor, limit=limit)
    return TransferPage(_transfers(found.transactions), found.next_cursor)


def transfers_of_accounts(*, accounts: Sequence[Account], cursor: str | None, limit: int) -> TransferPage:
    """Return what was moved on a person's accounts, and what they failed to send, newest first.

    Raises:
        CursorInvalid: the cursor was not made here.
    """
    if not accounts:
        return TransferPage([], None)
    found = transactions_span_of_accounts(accounts=accounts, span=Span(limit, cursor))
    after = found.lines[-1].cursor if found.has_more and found.lines else None
    return TransferPage(_transfers([line.record for line in found.lines]), after)


def transaction_examine(transaction_id: str) -> Examination:
    """Return any transaction with its entries, signatures and audit trail; for administrators.

    Raises:
        TransactionNotFound: there is none.
    """
    wanted = transaction_id_read(transaction_id)
    found = transactions_by_ids([wanted]).get(wanted)
    if found is None:
        raise TransactionNotFound
    (transfer,) = _transfers([found])
    sides = {transfer.sender.id: transfer.sender, transfer.receiver.id: transfer.receiver}
    postings = [_posting(sides[one.entry.account], one) for one in entries_of_transaction(wanted)]
    deeds = deeds_page(wanted=AuditFilter(subject=wanted), cursor=None, limit=_DEEDS_OF_ONE).deeds
    return Examination(transfer, postings, deeds)


def person_get(user_id: str) -> Person:
    """Return somebody with all of their accounts; for administrators.

    Raises:
        UserNotFound: there is no such person, or it is not an id.
    """
    user = user_get(user_id)
    return Person(user, accounts_of_owner(user.pk))


def sides_meant(words: str) -> list[Side]:
    """Return the accounts that an administrator may mean: by number, or by the owner's id, name or e-mail address."""
    if ObjectId.is_valid(words):
        found = sides_of([ObjectId(words)])[ObjectId(words)]
        return [found] if found.account is not None else _sides_of_id(words)
    people = people_page(words=words, limit=_MOST_OFFERED).people if words.strip() else []
    return [side for person in people for side in _sides_of_person(person.user, person.accounts)]


def _sides_of_id(user_id: str) -> list[Side]:
    try:
        person = person_get(user_id)
    except UserNotFound:
        return []
    return _sides_of_person(person.user, person.accounts)


def _sides_of_person(user: User, accounts: Sequence[Account]) -> list[Side]:
    return [Side(account.id, account, user) for account in accounts]


def _posting(side: Side, chained: ChainedEntry) -> Posting:
    signed = None if side.account is None else entry_checkpoint(account=side.account, seq=chained.entry.seq)
    return Posting(side, chained, signed)


def _transfers(transactions: Sequence[Transaction]) -> list[Transfer]:
    sides = sides_of(side for one in transactions for side in (one.sender, one.receiver))
    return [Transfer(one, sides[one.sender], sides[one.receiver]) for one in transactions]
