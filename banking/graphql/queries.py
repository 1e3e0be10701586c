"""What can be read. Fetching is authorising: a customer sees their own, an administrator all."""

import strawberry

from banking.access import account_get_for_viewer, accounts_of_user, transaction_get_for_viewer
from banking.graphql import ids
from banking.graphql.asking import Asking, Info
from banking.graphql.connections import Connection, connection_of, span_read
from banking.graphql.types import (
    Account,
    After,
    Before,
    First,
    Last,
    Node,
    Transaction,
    transactions_of_accounts,
    transactions_of_all,
)
from ledger import connections as lists
from ledger import records
from ledger.errors import AccountNotFound, TransactionNotFound
from ledger.spans import Span, Stretch


@strawberry.type
class Query:
    @strawberry.field(description="Anything by its id; null if it does not exist or is not yours.")
    def node(self, info: Info, id: strawberry.ID) -> Node | None:
        kind, _ = ids.id_read(id)
        try:
            return account_shown(info.context, id) if kind == ids.ACCOUNT else transaction_shown(info.context, id)
        except (AccountNotFound, TransactionNotFound):
            return None

    @strawberry.field(description="An account by its id or its number.")
    def account(self, info: Info, id: strawberry.ID) -> Account | None:
        return account_shown(info.context, id)

    @strawberry.field(description="Your accounts, or all for an administrator, in the order they were opened.")
    def accounts(
        self, info: Info, first: First = None, after: After = None, last: Last = None, before: Before = None
    ) -> Connection[Account]:
        return _accounts(info.context, span_read(first, after, last, before))

    @strawberry.field(description="A transaction by its id.")
    def transaction(self, info: Info, id: strawberry.ID) -> Transaction | None:
        return transaction_shown(info.context, id)

    @strawberry.field(description="Your transactions, or all for an administrator, newest first.")
    def transactions(
        self,
        info: Info,
        first: First = None,
        after: After = None,
        last: Last = None,
        before: Before = None,
        account_id: strawberry.ID | None = None,
    ) -> Connection[Transaction]:
        asking, span = info.context, span_read(first, after, last, before)
        if account_id is not None:
            wanted = ids.id_of_kind(account_id, ids.ACCOUNT, "accountId")
            return transactions_of_accounts(
                asking, [account_get_for_viewer(user=asking.user, account_id=wanted)], span
            )
        if asking.user.is_admin:
            return transactions_of_all(asking, span)
        return transactions_of_accounts(asking, accounts_of_user(asking.user), span)


def account_shown(asking: Asking, id: str) -> Account:
    """Return an account by its id.

    Raises:
        FieldsInvalid: it is no id of an account.
        AccountNotFound: there is none, or it is not the asker's.
    """
    record = account_get_for_viewer(user=asking.user, account_id=ids.id_of_kind(id, ids.ACCOUNT))
    asking.accounts_kept([record])
    return Account.of(record)


def transaction_shown(asking: Asking, id: str) -> Transaction:
    """Return a transaction by its id.

    Raises:
        FieldsInvalid: it is no id of a transaction.
        TransactionNotFound: there is none, or the asker has no part in it.
    """
    wanted = ids.id_of_kind(id, ids.TRANSACTION)
    record = transaction_get_for_viewer(user=asking.user, transaction_id=wanted)
    asking.sides_named([record])
    return Transaction.of(record)


def _accounts(asking: Asking, span: Span) -> Connection[Account]:
    user = asking.user
    owners = None if user.is_admin else [user.pk, None] if user.is_system else [user.pk]

    def read(span: Span) -> Stretch[records.Account]:
        found = lists.accounts_span(owners=owners, span=span)
        asking.accounts_kept([line.record for line in found.lines])
        return found

    def count() -> int:
        return lists.accounts_count() if owners is None else len(accounts_of_user(user))

    return connection_of(read, span, Account.of, count)
