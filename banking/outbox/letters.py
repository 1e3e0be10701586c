"""What an e-mail says: one letter for each kind of story."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC
from typing import Any

from banking.outbox import stories
from banking.outbox.records import Delivery
from ledger.money import format_for_people
from ledger.rules import REFUSALS

Data = dict[str, Any]


@dataclass(frozen=True, slots=True)
class Letter:
    """The words of an e-mail, for both of its parts.

    Args:
        subject: one line.
        sentence: what happened.
        facts: names and values, in order.
        advice: what to do, if there is anything.
    """

    subject: str
    sentence: str
    facts: list[tuple[str, str]]
    advice: str


def letter(delivery: Delivery) -> Letter:
    """Return what a customer is written about a story (`banking.outbox.stories`)."""
    kind, data = delivery.payload["kind"], delivery.payload["data"]
    subject, sentence, advice = _WORDS[kind](data)
    facts = [*_facts(kind, data), ("Account", str(delivery.account)), ("Time", f"{_moment(delivery)}")]
    return Letter(subject, sentence, facts, advice)


def _moment(delivery: Delivery) -> str:
    at = delivery.event_at.astimezone(UTC)
    return f"{at.day} {at:%b %Y, %H:%M} UTC"


def _facts(kind: str, data: Data) -> list[tuple[str, str]]:
    if "amount_minor" not in data:
        return [("Reason", data["reason"])] if data["reason"] else []
    other = "From" if kind == stories.MONEY_RECEIVED else "To"
    facts = [("Amount", _amount(data)), (other, data["counterparty"])]
    return [*((name, value) for name, value in facts if value), ("Transaction", str(data["transaction"]))]


def _amount(data: Data) -> str:
    return format_for_people(int(data["amount_minor"]), data["currency"])


_NOT_YOU = "If this was not you, sign in, change your password and write to us."
_ASK = "If you have questions, please write to us."


def _money_sent(data: Data) -> tuple[str, str, str]:
    return (
        f"You sent {_amount(data)} to {data['counterparty']}",
        f"You sent {_amount(data)} to {data['counterparty']}. The money has arrived.",
        _NOT_YOU,
    )


def _money_received(data: Data) -> tuple[str, str, str]:
    return (
        f"You received {_amount(data)} from {data['counterparty']}",
        f"{data['counterparty']} sent you {_amount(data)}. It is in your account.",
        "",
    )


def _transfer_failed(data: Data) -> tuple[str, str, str]:
    to = f" to {data['counterparty']}" if data["counterparty"] else ""
    reason = REFUSALS.get(str(data["reason"]), "The bank refused this transfer.")
    return (
        f"Your transfer of {_amount(data)} did not go through",
        f"Your transfer of {_amount(data)}{to} did not go through, and no money has moved. {reason}",
        _NOT_YOU,
    )


def _account(what: str, meaning: str) -> Callable[[Data], tuple[str, str, str]]:
    def words(data: Data) -> tuple[str, str, str]:
        return (f"Your {data['currency']} account {what}", f"Your {data['currency']} account {what}. {meaning}", _ASK)

    return words


_WORDS: dict[str, Callable[[Data], tuple[str, str, str]]] = {
    stories.MONEY_SENT: _money_sent,
    stories.MONEY_RECEIVED: _money_received,
    stories.TRANSFER_FAILED: _transfer_failed,
    stories.ACCOUNT_ACTIVATED: _account("is active", "You can send and receive money with it."),
    stories.ACCOUNT_FROZEN: _account("was frozen", "It cannot send or receive money until it is unfrozen."),
    stories.ACCOUNT_UNFROZEN: _account("was unfrozen", "You can send and receive money with it again."),
    stories.ACCOUNT_CLOSED: _account("was closed", "It cannot be used any more. Its history stays readable."),
}
