"""The real bank, read from its collections into the form of the model's view."""

from collections.abc import Iterable
from typing import Any

from bson.objectid import ObjectId

from ledger.stats import ledger_stats
from ledger.store import books

Document = dict[str, Any]

_OF_MONEY = ("account.", "transfer.", "funding.")


class Names:
    """Which account has which name, both ways."""

    def __init__(self) -> None:
        self.ids: dict[str, ObjectId] = {}
        self._names: dict[ObjectId, str] = {}

    def add(self, name: str, account_id: ObjectId) -> None:
        self.ids[name], self._names[account_id] = account_id, name

    def name(self, account_id: ObjectId) -> str:
        return self._names.get(account_id, f"unknown account {account_id}")

    def key(self, payment: Document) -> str:
        """Return a payment's key; that of an opening balance is named after its account."""
        before, opening, account = payment["key"].partition("opening:")
        return payment["key"] if before or not opening else f"opening:{self.name(ObjectId(account))}"


class RealBank:
    """Reads what can be compared."""

    def __init__(self, names: Names) -> None:
        self._names = names
        # Payer and key by transaction, which never change.
        self._payments: dict[ObjectId, tuple[str, str]] = {}

    def view(self, names: Iterable[str] | None = None) -> Document:
        """Return the view of some accounts, or of the whole bank with whatever is in it."""
        wanted = None if names is None else [self._names.ids[name] for name in names]
        one_of = {"$type": "objectId"} if wanted is None else {"$in": wanted}
        # Payments before entries: an entry is named by its payment.
        parts = (self._keys(one_of), self._accounts(one_of), self._entries(one_of))
        view = {name: value for part in parts for name, value in part.items()}
        return view if wanted is not None else view | _sums()

    def _keys(self, one_of: Document) -> Document:
        view = {}
        for payment in books().transactions.find({"sender": one_of}):
            payer, key = self._names.name(payment["sender"]), self._names.key(payment)
            self._payments[payment["_id"]] = (payer, key)
            asked = (self._names.name(payment["receiver"]), payment["amount_minor"], payment["note"], payment["type"])
            fields = ("currency", "status", "failure_reason", "retry_count", "sender_balance_minor")
            view[f"{payer}: key {key}"] = (asked, *(payment[field] for field in fields))
        return view

    def _accounts(self, one_of: Document) -> Document:
        fields = ("status", "balance_minor", "credits_minor", "seq")
        # The counters of the figures stand among the accounts, by number.
        return {
            f"{self._names.name(account['_id'])}: state, balance, credits, number of entries": tuple(
                account[field] for field in fields
            )
            for account in books().accounts.find({"_id": one_of})
        }

    def _entries(self, one_of: Document) -> Document:
        return {
            f"{self._names.name(entry['account'])}: entry {entry['seq']}": self._entry(entry)
            for entry in books().entries.find({"account": one_of})
        }

    def _entry(self, entry: Document) -> tuple[Any, ...]:
        fields = ("direction", "amount_minor", "balance_after_minor", "credits_after_minor")
        other, payment = self._names.name(entry["counterparty"]), self._payment(entry["transaction"])
        return (*(entry[field] for field in fields), other, payment, entry["note"])

    def _payment(self, transaction: ObjectId) -> tuple[str, str]:
        if transaction not in self._payments:
            found = books().transactions.find_one({"_id": transaction})
            named = (self._names.name(found["sender"]), self._names.key(found)) if found else ("nobody", "no payment")
            self._payments[transaction] = named
        return self._payments[transaction]


def _sums() -> Document:
    stats = ledger_stats()
    counted = books().audit.aggregate([{"$group": {"_id": "$action", "count": {"$sum": 1}}}])
    return {
        "figures: transactions": stats.transactions,
        "figures: failed": stats.failed,
        "figures: volume": stats.volume_minor,
        **{f"audit: {row['_id']}": row["count"] for row in counted if row["_id"].startswith(_OF_MONEY)},
    }
