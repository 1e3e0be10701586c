"""Sending and funding: the functions behind the send form, REST and `/transfer`."""

from bson.objectid import ObjectId

from accounts.models import User
from banking.access import account_id_read
from banking.errors import FieldsInvalid, NotAllowed
from ledger.accounts import payer_get_for_owner
from ledger.audit import Origin
from ledger.errors import AccountNotFound
from ledger.records import TRANSFER
from ledger.rules import Outcome
from ledger.transfers import funding_execute, transfer_execute


def transfer_send(
    *,
    user: User,
    from_account: object,
    to_account: object,
    amount: object,
    key: object,
    origin: Origin,
    note: object = "",
    type: object = TRANSFER,
) -> Outcome:
    """Send money from one's own account.

    Args:
        user: who pays.
        from_account: id of an account of theirs.
        to_account: id of the account that is paid.
        amount: major units of the paying account's currency, an int, a Decimal or a decimal string.
        key: the idempotency key.
        origin: who asks, and from where.
        note: at most 140 characters.
        type: TRANSFER or PIX.

    Raises:
        FieldsInvalid: `to_account` is no account id.
        All that `ledger.transfers.transfer_execute` raises.
    """
    sender = payer_get_for_owner(account_id=account_id_read(from_account), owner=user.pk)
    return transfer_execute(
        sender=sender,
        receiver=_receiver_read(to_account),
        amount=amount,
        key=key,
        owner=user.pk,
        origin=origin,
        note=note,
        type=type,
    )


def funding_send(
    *, user: User, to_account: object, amount: object, key: object, origin: Origin, note: object = ""
) -> Outcome:
    """Fund an account from the system account of its currency.

    Args:
        user: must be the system user.
        to_account: id of a customer's account.
        amount: major units of that account's currency.
        key: the idempotency key.
        origin: who asks, and from where.
        note: at most 140 characters.

    Raises:
        NotAllowed: somebody else asks.
        AccountNotFound: there is no such account.
        All that `ledger.transfers.funding_execute` raises.
    """
    if not user.is_system:
        raise NotAllowed
    return funding_execute(receiver=_receiver_read(to_account), amount=amount, key=key, origin=origin, note=note)


def _receiver_read(to_account: object) -> ObjectId:
    try:
        return account_id_read(to_account)
    except AccountNotFound as error:
        raise FieldsInvalid({"toAccount": ["This is not an account number."]}) from error
