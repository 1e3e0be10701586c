"""Fetching an account is authorising it: one place decides whose account somebody may look at."""

from collections.abc import Iterable

from bson.objectid import ObjectId
from django.conf import settings

from accounts.models import User
from ledger import accounts as ledger_accounts
from ledger.errors import AccountNotFound, TransactionNotFound
from ledger.history import transactions_by_ids
from ledger.records import SYSTEM, Account, Transaction


def account_id_read(value: object) -> ObjectId:
    """Return an account id from a path or a form.

    Raises:
        AccountNotFound: it is no id at all, which looks like an id that does not exist.
    """
    if isinstance(value, ObjectId):
        return value
    if not isinstance(value, str) or not ObjectId.is_valid(value) or len(value) != 24:
        raise AccountNotFound
    return ObjectId(value)


def transaction_id_read(value: str) -> ObjectId:
    """Return a transaction id from a path.

    Raises:
        TransactionNotFound: it is no id at all, which looks like an id that does not exist.
    """
    if not ObjectId.is_valid(value) or len(value) != 24:
        raise TransactionNotFound
    return ObjectId(value)


def account_get_for_user(*, user: User, account_id: object) -> Account:
    """Return an account that this person may look at: their own, and for the system user the system's.

    Raises:
        AccountNotFound: there is none, or it is somebody else's; the two look the same.
    """
    found = account_id_read(account_id)
    if user.is_system:
        account = ledger_accounts.account_get(found)
        if account.kind == SYSTEM:
            return account
    return ledger_accounts.account_get_for_owner(account_id=found, owner=user.pk)


def accounts_of_user(user: User) -> list[Account]:
    """Return the accounts that belong to this person, oldest first."""
    own = ledger_accounts.accounts_of_owner(user.pk)
    return [*ledger_accounts.system_accounts(), *own] if user.is_system else own


def main_account(accounts: Iterable[Account]) -> Account | None:
    """Return somebody's account in the bank's default currency, else the first of them; None without any."""
    own = list(accounts)
    ours = (account for account in own if account.currency == settings.DEFAULT_CURRENCY)
    return next(ours, own[0] if own else None)


def main_account_get(user: User) -> Account:
    """Return the account of somebody who thinks of it as the only one.

    Raises:
        AccountNotFound: they have none.
    """
    account = main_account(ledger_accounts.accounts_of_owner(user.pk))
    if account is None:
        raise AccountNotFound
    return account


def main_currency(user: User) -> str:
    """Return the currency somebody pays in: that of the main account, or the bank's default one without any."""
    account = main_account(ledger_accounts.accounts_of_owner(user.pk))
    return settings.DEFAULT_CURRENCY if account is None else account.currency


def is_seen(*, user: User, account: Account) -> bool:
    """Whether a person may look into an account: an administrator into all, others into their own."""
    if user.is_admin:
        return True
    return user.is_system if account.kind == SYSTEM else account.owner == user.pk


def account_get_for_viewer(*, user: User, account_id: ObjectId) -> Account:
    """Return an account that this person may look into, administrators into any.

    Raises:
        AccountNotFound: there is none, or it is somebody else's; the two look the same.
    """
    account = ledger_accounts.account_get(account_id)
    if not is_seen(user=user, account=account):
        raise AccountNotFound
    return account


def transaction_get_for_viewer(*, user: User, transaction_id: ObjectId) -> Transaction:
    """Return a transaction in which an account of this person took part, or any for an administrator.

    Raises:
        TransactionNotFound: there is none, or it is between others; a receiver never sees one that moved no money.
    """
    transaction = transactions_by_ids([transaction_id]).get(transaction_id)
    if transaction is None:
        raise TransactionNotFound
    if user.is_admin:
        return transaction
    own = {account.id for account in accounts_of_user(user)}
    if transaction.sender in own or (transaction.receiver in own and transaction.completed_at is not None):
        return transaction
    raise TransactionNotFound
