"""The transfer service: what pages, REST and commands call to move money."""

import re
import time
import unicodedata
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from bson.objectid import ObjectId
from django.conf import settings

from ledger.accounts import Payer, system_account_id
from ledger.audit import Origin
from ledger.committer import MAX_GROUP, submit, submit_together
from ledger.errors import AccountNotFound, LedgerError, RequestInvalid, TryAgain
from ledger.money import parse_amount
from ledger.records import CUSTOMER_TYPES, FUNDING, TRANSFER, Account
from ledger.rules import Answer, Instruction, Outcome
from ledger.store import books

MAX_NOTE = 140
# Transfers in one bulk payment: more take too long for one request.
MAX_BULK = 1_000
# Marks that turn the direction of writing round make a note read as something else.
_DIRECTION_MARKS = frozenset("\u061c\u200e\u200f\u202a\u202b\u202c\u202d\u202e\u2066\u2067\u2068\u2069")
_KEY = re.compile(r"[\x21-\x7e]{1,128}", re.ASCII)


def key_check(key: object) -> str:
    """Return the idempotency key if it is 1 to 128 visible ASCII characters.

    Raises:
        RequestInvalid: it is not.
    """
    if not isinstance(key, str) or not _KEY.fullmatch(key):
        raise RequestInvalid("key", "The idempotency key must be 1 to 128 visible ASCII characters without spaces.")
    return key


def is_plain_text(text: str) -> bool:
    """Whether a text has no control characters, marks of direction or lone surrogates, which cannot be stored."""
    if text.isascii():
        # The usual case, and many times as fast.
        return text.isprintable()
    return not any(
        unicodedata.category(character) in {"Cc", "Cs", "Zl", "Zp"} or character in _DIRECTION_MARKS
        for character in text
    )


def note_check(note: object) -> str:
    """Return the note, trimmed, if it is at most 140 printable characters.

    Raises:
        RequestInvalid: it is not.
    """
    if not isinstance(note, str):
        raise RequestInvalid("note", "The note must be text.")
    text = note.strip()
    if len(text) > MAX_NOTE or not is_plain_text(text):
        raise RequestInvalid("note", f"The note must be at most {MAX_NOTE} characters on one line.")
    return text


def type_check(type: object) -> str:
    """Return the type if customers may use it.

    Raises:
        RequestInvalid: it is not TRANSFER or PIX.
    """
    if not isinstance(type, str) or type not in CUSTOMER_TYPES:
        raise RequestInvalid("type", f"The type must be one of {', '.join(CUSTOMER_TYPES)}.")
    return type


def transfer_execute(
    *,
    sender: Account | Payer,
    receiver: ObjectId,
    amount: object,
    key: object,
    owner: ObjectId,
    origin: Origin,
    note: object = "",
    type: object = TRANSFER,
    deadline_seconds: float | None = None,
) -> Outcome:
    """Move money from a customer's account, once for each key.

    Args:
        sender: the account that pays, fetched for its owner.
        receiver: id of the account that is paid.
        amount: major units of the sender's currency, as `ledger.money.parse_amount` takes them.
        key: the idempotency key.
        owner: the customer who asks; must own the sender, which is checked again inside the transaction.
        origin: who asks, and from where.
        note: the customer's words, at most 140 characters.
        type: TRANSFER or PIX.
        deadline_seconds: how long it may take; the setting's by default.

    Returns:
        The COMPLETED transaction, and whether an earlier request had executed it.

    Raises:
        AmountInvalid, RequestInvalid, SameAccount: malformed; nothing is recorded.
        AccountNotFound: the sender is not the owner's.
        TransferRefused: a business rule refused it; recorded as FAILED.
        IdempotencyKeyReused, TransactionInProgress, RetryLimitExceeded: what the key says.
        TryAgain: no definite answer in time; the same key is safe to send again.
    """
    order = TransferOrder(sender, receiver, amount, key, note, type)
    return _one(_instruction(order, owner, origin), deadline_seconds)


@dataclass(frozen=True, slots=True)
class TransferOrder:
    """One line of a bulk payment, as `transfer_execute` takes its arguments; nothing of it is checked yet."""

    sender: Account | Payer
    receiver: ObjectId
    amount: object
    key: object
    note: object = ""
    type: object = TRANSFER


def transfers_execute(
    *, orders: Sequence[TransferOrder], owner: ObjectId, origin: Origin, deadline_seconds: float | None = None
) -> list[Answer]:
    """Move money many times from a customer's accounts, in order, once for each key.

    The orders go in groups of at most `ledger.committer.MAX_GROUP`, each of them one database transaction, one after
    the other, so that other customers get their turns in between. Each order is decided on what the ones before it
    left, and one that is refused or malformed hurts no other.

    When a group gets no answer in time, those after it are not tried any more: they come later, and would spend the
    money that the earlier ones are still to have. All of them may be sent again.

    Args:
        orders: at most `MAX_BULK`.
        owner: the customer who asks; must own every sender, which is checked again inside the transactions.
        origin: who asks, and from where.
        deadline_seconds: how long all of them together may take; the setting's by default.

    Returns:
        An answer for each order, in order: the `Outcome`, or the `LedgerError` that `transfer_execute` would raise.
    """
    if len(orders) > MAX_BULK:
        raise ValueError(f"a bulk has at most {MAX_BULK} orders, not {len(orders)}")
    seconds = settings.TRANSFER_DEADLINE_SECONDS if deadline_seconds is None else deadline_seconds
    read = [_instruction_or_error(order, owner, origin) for order in orders]
    sound = [one for one in read if isinstance(one, Instruction)]
    answers = iter(_in_groups(sound, time.monotonic() + seconds))
    return [next(answers) if isinstance(one, Instruction) else one for one in read]


def _in_groups(instructions: Sequence[Instruction], expires: float) -> list[Answer]:
    answers: list[Answer] = []
    for start in range(0, len(instructions), MAX_GROUP):
        group = instructions[start : start + MAX_GROUP]
        answers += submit_together(group, deadline_seconds=max(0.0, expires - time.monotonic()))
        if any(isinstance(answer, TryAgain) for answer in answers[start:]):
            break
    return answers + [TryAgain() for _ in instructions[len(answers) :]]


def _instruction_or_error(order: TransferOrder, owner: ObjectId, origin: Origin) -> Instruction | LedgerError:
    try:
        return _instruction(order, owner, origin)
    except LedgerError as error:
        return error


def _instruction(order: TransferOrder, owner: ObjectId, origin: Origin) -> Instruction:
    """Read an order.

    Raises:
        AmountInvalid, RequestInvalid: it is malformed.
    """
    return Instruction(
        sender=order.sender.id,
        receiver=order.receiver,
        amount_minor=parse_amount(order.amount, order.sender.currency),
        currency=order.sender.currency,
        type=type_check(order.type),
        note=note_check(order.note),
        key=key_check(order.key),
        owner=owner,
        origin=origin,
    )


def funding_execute(
    *,
    receiver: ObjectId,
    amount: object,
    key: object,
    origin: Origin,
    note: object = "",
    at: datetime | None = None,
) -> Outcome:
    """Move money from the system account of the receiver's currency to the receiver.

    Args:
        receiver: id of the account that is funded.
        amount: major units of the receiver's currency.
        key: the idempotency key, unique for the system account.
        origin: who asks, and from where; that it is the system user is the caller's to check.
        note: at most 140 characters.
        at: the time to post at when history is imported, else None for now.

    Raises:
        As `transfer_execute`; AccountNotFound when there is no such receiver.
    """
    document = books().accounts.find_one({"_id": receiver})
    if document is None or document["owner"] is None:
        raise AccountNotFound
    instruction = Instruction(
        sender=system_account_id(document["currency"]),
        receiver=receiver,
        amount_minor=parse_amount(amount, document["currency"]),
        currency=document["currency"],
        type=FUNDING,
        note=note_check(note),
        key=key_check(key),
        owner=None,
        origin=origin,
        at=at,
    )
    return _one(instruction, None)


def _one(instruction: Instruction, deadline_seconds: float | None) -> Outcome:
    answer = submit(instruction, deadline_seconds=deadline_seconds)
    if isinstance(answer, LedgerError):
        raise answer
    return answer
