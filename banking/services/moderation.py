"""Freezing and unfreezing accounts, for operators."""

from accounts.models import User
from banking.access import account_id_read
from banking.errors import NotAllowed
from ledger import accounts as ledger_accounts
from ledger.audit import Origin
from ledger.errors import RequestInvalid
from ledger.records import Account
from ledger.transfers import note_check


def account_freeze(*, admin: User, account_id: object, reason: object = "", origin: Origin) -> Account:
    """Stop an account from sending and receiving.

    Args:
        admin: who asks; must be an administrator.
        account_id: a customer's account.
        reason: at most 140 characters, shown to the customer.
        origin: who asks, and from where.

    Raises:
        NotAllowed: somebody else asks.
        AccountNotFound, AccountStateConflict, TryAgain: as `ledger.accounts.account_freeze`.
        RequestInvalid: the reason is too long.
    """
    _must_be_admin(admin)
    return ledger_accounts.account_freeze(
        account_id=account_id_read(account_id), reason=_reason(reason), origin=origin
    )


def account_unfreeze(*, admin: User, account_id: object, reason: object = "", origin: Origin) -> Account:
    """Make a frozen account active again; arguments and errors as `account_freeze`."""
    _must_be_admin(admin)
    return ledger_accounts.account_unfreeze(
        account_id=account_id_read(account_id), reason=_reason(reason), origin=origin
    )


def _must_be_admin(user: User) -> None:
    if not user.is_admin:
        raise NotAllowed


def _reason(reason: object) -> str:
    try:
        return note_check(reason)
    except RequestInvalid as error:
        raise RequestInvalid("reason", "The reason must be at most 140 characters on one line.") from error
