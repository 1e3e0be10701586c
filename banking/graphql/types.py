"""Accounts and transactions as GraphQL shows them.

Of somebody else's account, the other side of a transfer, only the name and the currency are shown; what its owner
alone may know is null.
"""

from collections.abc import Callable
from enum import Enum
from typing import Annotated, Self

import strawberry

from banking.graphql import ids
from banking.graphql.asking import Asking, Info
from banking.graphql.connections import Connection, connection_of, span_read
from banking.graphql.scalars import Moment, Money
from banking.names import BANK_NAME
from ledger import connections as lists
from ledger import records
from ledger.money import format_plain
from ledger.spans import Span, Stretch

First = Annotated[int | None, strawberry.argument(description="Lines at most, 1 to 50, read forward; 20 if not said.")]
After = Annotated[str | None, strawberry.argument(description="The cursor of the line to read forward from.")]
Last = Annotated[int | None, strawberry.argument(description="Lines at most, 1 to 50, read backward.")]
Before = Annotated[str | None, strawberry.argument(description="The cursor of the line to read backward from.")]


@strawberry.enum(description="The state of an account.")
class AccountStatus(Enum):
    ACTIVE = records.ACTIVE
    FROZEN = records.FROZEN
    CLOSED = records.CLOSED
    INACTIVE = records.INACTIVE


@strawberry.enum(description="The state of a transaction.")
class TransactionStatus(Enum):
    PENDING = records.PENDING
    PROCESSING = records.PROCESSING
    COMPLETED = records.COMPLETED
    FAILED = records.FAILED
    REVERSED = records.REVERSED


@strawberry.enum(description="The type of a transaction; customers send TRANSFER and PIX.")
class TransactionType(Enum):
    TRANSFER = records.TRANSFER
    PIX = records.PIX
    FUNDING = records.FUNDING


@strawberry.interface(description="Anything with an id that can be fetched again by `node`.")
class Node:
    id: strawberry.ID = strawberry.field(description="Opaque, and the same for ever.")


@strawberry.type(description="An account of the bank.")
class Account(Node):
    record: strawberry.Private[records.Account]

    @classmethod
    def of(cls, record: records.Account) -> Self:
        return cls(id=strawberry.ID(ids.id_write(ids.ACCOUNT, record.id)), record=record)

    @strawberry.field(description="Whose it is.")
    def name(self, info: Info) -> str:
        owner = None if self.record.owner is None else info.context.people.get(self.record.owner)
        return BANK_NAME if owner is None else owner.name

    @strawberry.field(description="The owner's tax document; null if there is none or the account is not yours.")
    def document(self, info: Info) -> str | None:
        if self.record.owner is None or not info.context.sees(self.record):
            return None
        owner = info.context.people.get(self.record.owner)
        return None if owner is None else owner.document

    @strawberry.field(description="What is on it; null if it is not yours.")
    def balance(self, info: Info) -> Money | None:
        if not info.context.sees(self.record):
            return None
        return Money(format_plain(self.record.balance_minor, self.record.currency))

    @strawberry.field(description="By ISO 4217.")
    def currency(self) -> str:
        return self.record.currency

    @strawberry.field(description="Null if the account is not yours.")
    def status(self, info: Info) -> AccountStatus | None:
        return AccountStatus(self.record.status) if info.context.sees(self.record) else None

    @strawberry.field(description="What moved money on it, and what it failed to send; null if it is not yours.")
    def transactions(
        self, info: Info, first: First = None, after: After = None, last: Last = None, before: Before = None
    ) -> Connection["Transaction"] | None:
        if not info.context.sees(self.record):
            return None
        return transactions_of_accounts(info.context, [self.record], span_read(first, after, last, before))


@strawberry.type(description="A movement of money, or the record of why there was none.")
class Transaction(Node):
    record: strawberry.Private[records.Transaction]

    @classmethod
    def of(cls, record: records.Transaction) -> Self:
        return cls(id=strawberry.ID(ids.id_write(ids.TRANSACTION, record.id)), record=record)

    @strawberry.field(description="The account that pays.")
    def sender(self, info: Info) -> Account | None:
        found = info.context.accounts.get(self.record.sender)
        return None if found is None else Account.of(found)

    @strawberry.field(description="The account that is paid; null if there never was such an account.")
    def receiver(self, info: Info) -> Account | None:
        found = info.context.accounts.get(self.record.receiver)
        return None if found is None else Account.of(found)

    @strawberry.field(description="In the currency of both accounts.")
    def amount(self) -> Money:
        return Money(format_plain(self.record.amount_minor, self.record.currency))

    @strawberry.field
    def type(self) -> TransactionType:
        return TransactionType(self.record.type)

    @strawberry.field
    def status(self) -> TransactionStatus:
        return TransactionStatus(self.record.status)

    @strawberry.field(description="The words of whoever paid.")
    def description(self) -> str:
        return self.record.note

    @strawberry.field
    def created_at(self) -> Moment:
        return Moment(self.record.created_at)

    @strawberry.field(description="When the money moved; null if it has not.")
    def completed_at(self) -> Moment | None:
        return None if self.record.completed_at is None else Moment(self.record.completed_at)


def transactions_of_accounts(asking: Asking, accounts: list[records.Account], span: Span) -> Connection[Transaction]:
    """Return a page of the transactions of accounts that the asker may look into."""

    def read(span: Span) -> Stretch[records.Transaction]:
        return lists.transactions_span_of_accounts(accounts=accounts, span=span)

    return transactions_shown(asking, read, span, lambda: lists.transactions_count_of_accounts(accounts))


def transactions_of_all(asking: Asking, span: Span) -> Connection[Transaction]:
    """Return a page of the transactions of the whole bank, for an administrator."""
    return transactions_shown(asking, lists.transactions_span, span, lists.transactions_count)


def transactions_shown(
    asking: Asking,
    read: Callable[[Span], Stretch[records.Transaction]],
    span: Span,
    count: Callable[[], int | None],
) -> Connection[Transaction]:
    """Return a page of transactions whose accounts are read together when the first is looked at."""

    def shown(record: records.Transaction) -> Transaction:
        asking.sides_named([record])
        return Transaction.of(record)

    return connection_of(read, span, shown, count)
