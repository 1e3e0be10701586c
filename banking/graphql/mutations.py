"""What can be changed, by the services behind REST and the pages."""

import strawberry

from banking.graphql import ids
from banking.graphql.asking import Info
from banking.graphql.scalars import Money
from banking.graphql.types import Account, Transaction, TransactionType
from banking.services.holders import account_create
from banking.services.payments import transfer_send


@strawberry.input
class CreateAccountInput:
    name: str | None = strawberry.field(default=None, description="Whose account it is: your own name.")
    document: str | None = strawberry.field(default=None, description="Their CPF or CNPJ.")
    balance: Money | None = strawberry.field(
        default=None, description="Other than 0 only for the system user, who funds the account with it."
    )
    currency: str | None = strawberry.field(
        default=None, description="By ISO 4217; the bank's default one if not said."
    )
    client_mutation_id: str | None = None


@strawberry.type
class CreateAccountPayload:
    account: Account
    client_mutation_id: str | None


@strawberry.input
class CreateTransactionInput:
    sender_account: strawberry.ID = strawberry.field(description="Your account that pays, by id or number.")
    receiver_account: strawberry.ID = strawberry.field(description="The account that is paid, by id or number.")
    amount: Money = strawberry.field(description="In the currency of the account that pays.")
    description: str | None = strawberry.field(default=None, description="At most 140 characters.")
    type: TransactionType | None = strawberry.field(default=None, description="TRANSFER if not said.")
    idempotency_key: str | None = strawberry.field(
        default=None, description="Names this transfer for ever; it may also come as the Idempotency-Key header."
    )
    client_mutation_id: str | None = None


@strawberry.type
class CreateTransactionPayload:
    transaction: Transaction
    replayed: bool = strawberry.field(description="Whether the same request had been executed before.")
    client_mutation_id: str | None


@strawberry.type
class Mutation:
    @strawberry.mutation(description="Open an account.")
    def create_account(self, info: Info, input: CreateAccountInput) -> CreateAccountPayload | None:
        asking = info.context
        record = account_create(
            user=asking.user,
            name=input.name,
            document=input.document,
            balance=input.balance,
            currency=input.currency,
            origin=asking.origin,
        )
        asking.opened.add(record.id)
        asking.accounts_forgotten()
        asking.accounts_kept([record])
        return CreateAccountPayload(account=Account.of(record), client_mutation_id=input.client_mutation_id)

    @strawberry.mutation(description="Send money from your own account.")
    def create_transaction(self, info: Info, input: CreateTransactionInput) -> CreateTransactionPayload | None:
        asking = info.context
        outcome = transfer_send(
            user=asking.user,
            from_account=ids.id_of_kind(input.sender_account, ids.ACCOUNT, "senderAccount"),
            to_account=ids.id_of_kind(input.receiver_account, ids.ACCOUNT, "receiverAccount"),
            amount=input.amount,
            key=asking.key_of(input.idempotency_key),
            note=input.description or "",
            type=(input.type or TransactionType.TRANSFER).value,
            origin=asking.origin,
        )
        asking.accounts_forgotten()
        asking.sides_named([outcome.transaction])
        return CreateTransactionPayload(
            transaction=Transaction.of(outcome.transaction),
            replayed=outcome.replayed,
            client_mutation_id=input.client_mutation_id,
        )
