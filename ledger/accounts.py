"""Opening, finding and changing the state of accounts; their balances change in `ledger.posting` alone."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from functools import lru_cache
from typing import cast

from bson.int64 import Int64
from bson.objectid import ObjectId
from pymongo.client_session import ClientSession

from ledger import atomic, audit, events
from ledger.audit import Origin, audit_document
from ledger.errors import AccountExists, AccountNotEmpty, AccountNotFound, AccountStateConflict, LedgerError
from ledger.money import currency_check, offered_currencies
from ledger.posting import post_within
from ledger.records import ACTIVE, CLOSED, CUSTOMER, FROZEN, FUNDING, INACTIVE, Account, Document, now
from ledger.rules import Instruction
from ledger.schema import account_document
from ledger.store import books

MAX_ACCOUNTS_PER_OWNER = 200
# Accounts whose owner and currency a process remembers: a few tens of megabytes.
_REMEMBERED = 100_000


def account_open(
    *,
    owner: ObjectId,
    currency: str,
    origin: Origin,
    status: str = ACTIVE,
    opening_minor: int = 0,
    at: datetime | None = None,
    only_first: bool = True,
) -> Account:
    """Open an account, which may begin with an opening balance.

    The opening balance is a posted transfer from the system account, in the same transaction: there is no moment, and
    no crash, at which the one exists without the other.

    Args:
        owner: the customer's id.
        currency: one that the bank offers.
        origin: who asks, and from where.
        status: ACTIVE, or INACTIVE for one that is to be activated later.
        opening_minor: the opening balance in minor units.
        at: the time to open and post at when history is imported, else None for now.
        only_first: give it only with the owner's first account.

    Raises:
        CurrencyNotOffered: the bank has no such accounts.
        AccountExists: the owner has one in this currency.
        TryAgain: the database did not answer in time.
    """
    currency = currency_check(currency)
    document = account_document(kind=CUSTOMER, owner=owner, currency=currency, status=status, at=at)

    def work(session: ClientSession) -> None:
        is_first = _is_first_opening(owner, session)
        if books().accounts.find_one({"owner": owner, "currency": currency}, {"_id": 1}, session=session):
            raise AccountExists(currency)
        books().accounts.insert_one(document, session=session)
        _tell(document, events.ACCOUNT_OPENED, "", origin, session, is_news=at is None)
        if opening_minor and (is_first or not only_first):
            _opening_balance(document, opening_minor, origin, at, session)

    # Two openings at once: the unique index refuses the second, which then finds the first.
    atomic.run(work)
    return account_get(document["_id"])


def _is_first_opening(owner: ObjectId, session: ClientSession) -> bool:
    """Count the openings in one document of the owner, so that of two at once only one is the first."""
    before = books().owners.find_one_and_update(
        {"_id": owner}, {"$inc": {"accounts": Int64(1)}}, upsert=True, session=session
    )
    return before is None


def _opening_balance(
    account: Document, amount_minor: int, origin: Origin, at: datetime | None, session: ClientSession
) -> None:
    instruction = Instruction(
        sender=system_account_id(account["currency"]),
        receiver=account["_id"],
        amount_minor=amount_minor,
        currency=account["currency"],
        type=FUNDING,
        note="Opening balance",
        key=f"opening:{account['_id']}",
        owner=None,
        origin=origin,
        at=at,
    )
    (answer,) = post_within(session, [instruction])
    if isinstance(answer, LedgerError):
        raise answer


def system_account_id(currency: str) -> ObjectId:
    """Return the id of the currency's system account.

    Raises:
        AccountNotFound: the currency was never offered, or `migrate` has not run since it is.
    """
    document = books().accounts.find_one({"owner": None, "currency": currency}, {"_id": 1})
    if document is None:
        raise AccountNotFound
    found: ObjectId = document["_id"]
    return found


def system_accounts() -> list[Account]:
    """Return the system account of each currency; they belong to the system user."""
    return [Account.of(document) for document in books().accounts.find({"owner": None}).sort("currency", 1)]


def account_get(account_id: ObjectId) -> Account:
    """Return any account; for operators and for the bank itself.

    Raises:
        AccountNotFound: there is none.
    """
    document = books().accounts.find_one({"_id": account_id})
    if document is None:
        raise AccountNotFound
    return Account.of(document)


def account_get_for_owner(*, account_id: ObjectId, owner: ObjectId) -> Account:
    """Return a customer's own account: fetching it is authorising it.

    Raises:
        AccountNotFound: there is none, or it is somebody else's; the two look the same.
    """
    document = books().accounts.find_one({"_id": account_id})
    if document is None or document["kind"] != CUSTOMER or document["owner"] != owner:
        raise AccountNotFound
    return Account.of(document)


@dataclass(frozen=True, slots=True)
class Payer:
    """What never changes about an account that pays: whose it is and its currency."""

    id: ObjectId
    owner: ObjectId
    currency: str


def payer_get_for_owner(*, account_id: ObjectId, owner: ObjectId) -> Payer:
    """Return what never changes about a customer's own account, without asking the database twice.

    Its state and balance are read where it pays, inside the transaction.

    Raises:
        AccountNotFound: there is none, or it is somebody else's; the two look the same.
    """
    payer = _payer(account_id)
    if payer.owner != owner:
        raise AccountNotFound
    return payer


@lru_cache(maxsize=_REMEMBERED)
def _payer(account_id: ObjectId) -> Payer:
    document = books().accounts.find_one({"_id": account_id, "kind": CUSTOMER}, {"owner": 1, "currency": 1})
    if document is None:
        # Raised, and so not remembered: the account may be opened later.
        raise AccountNotFound
    return Payer(account_id, document["owner"], document["currency"])


def accounts_of_owner(owner: ObjectId) -> list[Account]:
    """Return a customer's accounts, oldest first."""
    found = books().accounts.find({"owner": owner}).limit(MAX_ACCOUNTS_PER_OWNER)
    return sorted((Account.of(document) for document in found), key=lambda account: account.created_at)


def accounts_of_owners(owners: Iterable[ObjectId]) -> dict[ObjectId, list[Account]]:
    """Return the accounts of each of these customers, oldest first, in one query."""
    by_owner: dict[ObjectId, list[Account]] = {owner: [] for owner in owners}
    found = books().accounts.find({"owner": {"$in": list(by_owner)}})
    for account in sorted((Account.of(document) for document in found), key=lambda account: account.created_at):
        by_owner[cast(ObjectId, account.owner)].append(account)
    return by_owner


def owners_frozen(*, after: ObjectId | None, limit: int) -> list[ObjectId]:
    """Return who has a frozen account, each once, in the reverse order of their ids.

    Args:
        after: only those whose ids are less than this one.
        limit: how many at most.
    """
    query: Document = {"status": FROZEN, **({} if after is None else {"owner": {"$lt": after}})}
    # Somebody has an account in each currency, and the bank has few of these.
    frozen = books().accounts.find(query, {"_id": 0, "owner": 1}, hint="frozen_by_owner").sort("owner", -1)
    found = frozen.limit(limit * len(offered_currencies()))
    return list(dict.fromkeys(document["owner"] for document in found))[:limit]


def accounts_by_ids(ids: Iterable[ObjectId]) -> dict[ObjectId, Account]:
    """Return these accounts by id, in one query; unknown ids are left out."""
    wanted = list(ids)
    found = books().accounts.find({"_id": {"$in": wanted}}) if wanted else ()
    return {document["_id"]: Account.of(document) for document in found}


def account_freeze(*, account_id: ObjectId, reason: str, origin: Origin) -> Account:
    """Stop an ACTIVE account from sending and receiving.

    Raises:
        AccountNotFound: there is no such customer account.
        AccountStateConflict: it is not ACTIVE; the error names its state.
        TryAgain: the database did not answer in time.
    """
    return _change(account_id, ACTIVE, FROZEN, events.ACCOUNT_FROZEN, reason, origin)


def account_unfreeze(*, account_id: ObjectId, reason: str, origin: Origin) -> Account:
    """Make a FROZEN account ACTIVE again; raises as `account_freeze`."""
    return _change(account_id, FROZEN, ACTIVE, events.ACCOUNT_UNFROZEN, reason, origin)


def account_activate(*, account_id: ObjectId, reason: str, origin: Origin) -> Account:
    """Make an INACTIVE account ACTIVE; raises as `account_freeze`."""
    return _change(account_id, INACTIVE, ACTIVE, events.ACCOUNT_ACTIVATED, reason, origin)


def account_close(*, account_id: ObjectId, reason: str, origin: Origin) -> Account:
    """Close an ACTIVE account with nothing on it, for ever.

    Raises:
        AccountNotEmpty: there is money on it, or held.
        AccountNotFound, AccountStateConflict, TryAgain: as `account_freeze`.
    """
    return _change(account_id, ACTIVE, CLOSED, events.ACCOUNT_CLOSED, reason, origin)


def _change(account_id: ObjectId, must_be: str, wanted: str, event: str, reason: str, origin: Origin) -> Account:
    def work(session: ClientSession) -> Document:
        current = books().accounts.find_one({"_id": account_id, "kind": CUSTOMER}, session=session)
        if current is None:
            raise AccountNotFound
        if current["status"] != must_be:
            raise AccountStateConflict(current["status"], wanted)
        if wanted == CLOSED and (current["balance_minor"] or current["held_minor"]):
            raise AccountNotEmpty
        return _write_state(current, wanted, event, reason, origin, session)

    return Account.of(atomic.run(work))


def _write_state(
    current: Document, wanted: str, event: str, reason: str, origin: Origin, session: ClientSession
) -> Document:
    change = {"status": wanted, "status_reason": reason, "updated_at": now()}
    guard = {"_id": current["_id"], "status": current["status"], "version": current["version"]}
    result = books().accounts.update_one(guard, {"$set": change, "$inc": {"version": Int64(1)}}, session=session)
    if result.matched_count != 1:
        raise atomic.SomeoneElseWon
    changed = {**current, **change}
    _tell(changed, event, reason, origin, session)
    return changed


def _tell(
    account: Document, event: str, reason: str, origin: Origin, session: ClientSession, *, is_news: bool = True
) -> None:
    """Write the audit record of a change, which is also its event unless history is imported, in its transaction."""
    details = {"status": account["status"], "currency": account["currency"], "reason": reason}
    record = audit_document(
        action=event,
        event=event if is_news else None,
        status=audit.SUCCESS,
        origin=origin,
        subject=account["_id"],
        accounts=[account["_id"]],
        details=details,
    )
    books().audit.insert_one(record, session=session)
