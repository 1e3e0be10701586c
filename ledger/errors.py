"""One exception for each rule of the ledger that can be broken, one sentence each."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from ledger.records import Transaction


class LedgerError(Exception):
    """Base of all that the ledger refuses; the text is one sentence for the customer."""

    def __init__(self, message: str) -> None:
        super().__init__(message)
        self.message = message


class AmountInvalid(LedgerError):
    """The amount cannot be read as money of its currency."""


class RequestInvalid(LedgerError):
    """A field other than the amount is malformed.

    Args:
        field: the field's name in the ledger's own words.
        message: what is wrong with it.
    """

    def __init__(self, field: str, message: str) -> None:
        super().__init__(message)
        self.field = field


class SameAccount(LedgerError):
    """Sender and receiver are one account."""

    def __init__(self) -> None:
        super().__init__("Money can only be sent to a different account.")


class CurrencyNotOffered(LedgerError):
    """The bank has no accounts in this currency."""

    def __init__(self, currency: object) -> None:
        shown = currency if isinstance(currency, str) and len(currency) <= 8 and currency.isprintable() else "That"
        super().__init__(f"{shown} is not a currency of this bank.")


class AccountNotFound(LedgerError):
    """There is no such account, or it is not the asker's: both look the same."""

    def __init__(self) -> None:
        super().__init__("There is no such account.")


class ReceiptNotReady(LedgerError):
    """No checkpoint covers the entry yet."""

    def __init__(self) -> None:
        super().__init__("The bank has not signed this transfer yet. Ask again in a minute.")


class ReceiptNotProved(LedgerError):
    """The ledger is not what a checkpoint signed."""

    def __init__(self) -> None:
        super().__init__("The bank cannot prove this transfer. Those who look after the ledger are told.")


class TransactionNotFound(LedgerError):
    """There is no such transaction, or it is not the asker's."""

    def __init__(self) -> None:
        super().__init__("There is no such transaction.")


class AccountExists(LedgerError):
    """The owner has an account in this currency already."""

    def __init__(self, currency: str) -> None:
        super().__init__(f"You already have an account in {currency}.")


class AccountStateConflict(LedgerError):
    """The account's state does not allow the change.

    Args:
        status: the state it is in.
        wanted: the state that was asked for.
    """

    def __init__(self, status: str, wanted: str) -> None:
        super().__init__(f"The account is {status} and cannot become {wanted}.")
        self.status = status


class AccountNotEmpty(LedgerError):
    """Only an account with nothing on it and nothing held can be closed."""

    def __init__(self) -> None:
        super().__init__("An account can be closed only when its balance and its held amount are zero.")


class IdempotencyKeyReused(LedgerError):
    """The key has been used for a different request."""

    def __init__(self) -> None:
        super().__init__("This idempotency key was used for a different transfer. Use a new key.")


class TransactionInProgress(LedgerError):
    """The key's transaction is not finished yet."""

    def __init__(self, transaction: Transaction) -> None:
        super().__init__("A transfer with this key is still in progress.")
        self.transaction = transaction


class RetryLimitExceeded(LedgerError):
    """The key's transaction has failed as often as it may."""

    def __init__(self, transaction: Transaction) -> None:
        super().__init__("This transfer has failed three times and is final. Start a new one.")
        self.transaction = transaction


class TransferRefused(LedgerError):
    """A business rule refused the transfer; it is recorded as FAILED.

    Args:
        transaction: the FAILED transaction, with the rule's code as its failure reason.
        message: the rule in one sentence.
    """

    def __init__(self, transaction: Transaction, message: str) -> None:
        super().__init__(message)
        self.transaction = transaction


class TryAgain(LedgerError):
    """The database did not answer in time. Nothing is lost: the same key gives the one right answer."""

    def __init__(self) -> None:
        super().__init__("The bank is busy. Nothing has been lost; send the same request again.")


class CursorInvalid(LedgerError):
    """The cursor was not made by this bank."""

    def __init__(self) -> None:
        super().__init__("The cursor is not valid.")
