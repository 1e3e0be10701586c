"""Who is meant by an account number that was typed, and why they cannot be paid."""

from django.utils.translation import gettext as _

from banking.access import account_id_read
from ledger.accounts import accounts_by_ids
from ledger.errors import AccountNotFound
from ledger.records import CUSTOMER, Account


class ReceiverRefused(Exception):
    """The account cannot be paid from the one that pays; the text is one sentence for the customer."""


def account_number(typed: str) -> str:
    """Return an account number without the gaps that it has on a card."""
    return "".join(typed.split())


def receiver_find(*, account: Account, number: str) -> Account:
    """Return the customer's account with this number.

    Args:
        account: the one that pays.
        number: without gaps.

    Raises:
        ReceiverRefused: there is none, or this account cannot pay it.
    """
    found = _customer_account(number)
    if found is None:
        raise ReceiverRefused(_("There is no account with this number."))
    if found.id == account.id:
        raise ReceiverRefused(_("This is the account that pays. Money can only be sent to a different one."))
    if found.currency != account.currency:
        currencies = {"theirs": found.currency, "yours": account.currency}
        raise ReceiverRefused(_("This account is in %(theirs)s; it cannot receive %(yours)s.") % currencies)
    return found


def _customer_account(number: str) -> Account | None:
    try:
        account_id = account_id_read(number)
    except AccountNotFound:
        return None
    found = accounts_by_ids([account_id]).get(account_id)
    return found if found is not None and found.kind == CUSTOMER else None
