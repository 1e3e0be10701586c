"""What the bench compares with: the least that a transfer can be, and the service without HTTP."""

from collections.abc import Callable
from uuid import uuid4

from bson.int64 import Int64
from bson.objectid import ObjectId
from django.conf import settings
from pymongo.client_session import ClientSession

from banking.bench.access import owner
from banking.bench.people import Customer
from banking.bench.plans import AMOUNT_MINOR
from ledger.accounts import account_get
from ledger.audit import COMMAND
from ledger.money import format_plain
from ledger.store import DURABLE, SNAPSHOT, database
from ledger.transfers import transfer_execute


def bare_transfer() -> Callable[[], None]:
    """The least that a two-entry transfer can be: two guarded balances, a transaction, two entries, one commit."""
    # With rights to make collections of its own, which the bank has not.
    books = owner().get_database(database().name, read_concern=SNAPSHOT, write_concern=DURABLE)
    one, two = ObjectId(), ObjectId()
    books["bench_accounts"].insert_many([{"_id": one, "balance": Int64(10**12)}, {"_id": two, "balance": Int64(0)}])
    for name in ("bench_transactions", "bench_entries"):
        books.create_collection(name)
    session = books.client.start_session()

    def work(own: ClientSession) -> None:
        transaction = ObjectId()
        enough = {"_id": one, "balance": {"$gte": Int64(1)}}
        debit = books["bench_accounts"].update_one(enough, {"$inc": {"balance": Int64(-1)}}, session=own)
        if debit.matched_count != 1:
            raise RuntimeError("the account of the bench is empty")
        books["bench_accounts"].update_one({"_id": two}, {"$inc": {"balance": Int64(1)}}, session=own)
        books["bench_transactions"].insert_one({"_id": transaction, "amount": Int64(1)}, session=own)
        entries = [{"transaction": transaction, "account": account, "amount": Int64(1)} for account in (one, two)]
        books["bench_entries"].insert_many(entries, session=own)

    def once() -> None:
        session.with_transaction(work, read_concern=SNAPSHOT, write_concern=DURABLE)

    return once


def service_transfer(payer: Customer, payee: Customer) -> Callable[[], None]:
    """A transfer by the ledger's service, in this process and without HTTP."""
    sender = account_get(payer.account)
    amount = format_plain(AMOUNT_MINOR, settings.DEFAULT_CURRENCY)

    def once() -> None:
        transfer_execute(
            sender=sender,
            receiver=payee.account,
            amount=amount,
            key=uuid4().hex,
            owner=payer.owner,
            origin=COMMAND,
        )

    return once
