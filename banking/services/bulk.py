"""Bulk payments: many transfers from one's own accounts in one request, the function behind `/api/transactions/bulk`.

A payment run of the browser (`banking.services.runs`) is built on the ledger's function directly: its lines were
read and checked before.
"""

from collections.abc import Sequence
from dataclasses import dataclass

from bson.objectid import ObjectId

from accounts.models import User
from banking.errors import FieldsInvalid
from ledger.accounts import accounts_of_owner
from ledger.audit import Origin
from ledger.errors import AccountNotFound, LedgerError
from ledger.records import TRANSFER, Account
from ledger.rules import Outcome
from ledger.transfers import TransferOrder, transfers_execute


@dataclass(frozen=True, slots=True)
class Payment:
    """One line of a bulk payment: account ids, and the rest as it was received."""

    from_account: ObjectId
    to_account: ObjectId
    amount: object
    key: object
    note: object = ""
    type: object = TRANSFER


LineAnswer = Outcome | LedgerError | FieldsInvalid


def transfers_send(
    *, user: User, lines: Sequence[Payment | FieldsInvalid], origin: Origin, deadline_seconds: float | None = None
) -> list[LineAnswer]:
    """Send money from one's own accounts, line by line, in order.

    Args:
        user: who pays.
        lines: at most `ledger.transfers.MAX_BULK`; a line that could not be read is its own answer.
        origin: who asks, and from where.
        deadline_seconds: how long all of it may take; the setting's by default.

    Returns:
        An answer for each line, in order: the `Outcome`, or the error that `banking.services.payments.transfer_send`
        would raise for it alone. A line from somebody else's account is `AccountNotFound`, whatever its key.
    """
    own = {account.id: account for account in accounts_of_owner(user.pk)}
    read = [_order_or_error(line, own) if isinstance(line, Payment) else line for line in lines]
    orders = [one for one in read if isinstance(one, TransferOrder)]
    answers = iter(transfers_execute(orders=orders, owner=user.pk, origin=origin, deadline_seconds=deadline_seconds))
    return [next(answers) if isinstance(one, TransferOrder) else one for one in read]


def _order_or_error(line: Payment, own: dict[ObjectId, Account]) -> TransferOrder | LedgerError:
    sender = own.get(line.from_account)
    if sender is None:
        return AccountNotFound()
    return TransferOrder(sender, line.to_account, line.amount, line.key, line.note, line.type)
