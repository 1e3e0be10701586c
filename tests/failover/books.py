"""What must hold after a storm, whatever happened in its middle: the bank's books are those of its clients."""

from collections import defaultdict
from typing import Any

from bson.objectid import ObjectId

from tests.failover.bank import Bank
from tests.failover.storm import Order, Storm

Document = dict[str, Any]


def books_are_right(bank: Bank, storm: Storm) -> None:
    """See that everything acknowledged is there once, and nothing else is."""
    recorded = _recorded(bank, storm)
    for order in storm.orders:
        found = recorded.get(order.key, [])
        assert len(found) == order.has_moved, (order, found)
    _pairs_are_right(bank, storm, {key: found[0] for key, found in recorded.items()})
    _keys_have_definite_answers(bank, storm)
    assert [customer.balance_minor(bank.server.port) for customer in bank.customers] == storm.balances_minor()


def _recorded(bank: Bank, storm: Storm) -> dict[str, list[Document]]:
    """Return the transactions under each key of the storm."""
    found: dict[str, list[Document]] = defaultdict(list)
    keys = [order.key for order in storm.orders]
    for document in bank.books.ledger_transactions.find({"key": {"$in": keys}}):
        found[document["key"]].append(document)
    return dict(found)


def _pairs_are_right(bank: Bank, storm: Storm, transactions: dict[str, Document]) -> None:
    """Each transfer is COMPLETED, with one DEBIT and one CREDIT of what was asked, on the right accounts."""
    entries: dict[ObjectId, list[Document]] = defaultdict(list)
    ids = [document["_id"] for document in transactions.values()]
    for entry in bank.books.ledger_entries.find({"transaction": {"$in": ids}}):
        entries[entry["transaction"]].append(entry)
    for order in storm.orders:
        if order.has_moved:
            transaction = transactions[order.key]
            assert transaction["status"] == "COMPLETED"
            lines = sorted(_line(entry) for entry in entries[transaction["_id"]])
            assert lines == _lines_wanted(storm, order), order


def _line(entry: Document) -> tuple[str, str, int]:
    return entry["direction"], str(entry["account"]), entry["amount_minor"]


def _lines_wanted(storm: Storm, order: Order) -> list[tuple[str, str, int]]:
    sender, receiver = (storm.clients[number].customer.account for number in (order.sender, order.receiver))
    return [("CREDIT", receiver, order.amount_minor), ("DEBIT", sender, order.amount_minor)]


def _keys_have_definite_answers(bank: Bank, storm: Storm) -> None:
    """Whoever had no answer once is told by the key, on any server: it was done, or it never was."""
    doubtful = [(client, order) for client in storm.clients for order in client.orders if order.asked]
    for number, (client, order) in enumerate(doubtful):
        answer = client.customer.became_of(bank.servers[number % 2].port, order.key)
        assert answer.status == (200 if order.has_moved else 404), (order, answer)
        if order.has_moved:
            assert answer.body["transaction"]["status"] == "COMPLETED"
