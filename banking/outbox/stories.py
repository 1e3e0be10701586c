"""What an event means to a customer: the kind of story it is, and what belongs into it.

Sender and receiver hear of a transfer that was made, the sender alone of one that was refused, an owner of each change
of their account's state. System accounts hear of nothing.
"""

from collections.abc import Iterator
from typing import Any

from bson.objectid import ObjectId

from banking.outbox.consumers import News, Recipient
from ledger import events
from ledger.events import Event
from ledger.money import int64, parse_amount

MONEY_SENT, MONEY_RECEIVED, TRANSFER_FAILED = "money_sent", "money_received", "transfer_failed"
ACCOUNT_ACTIVATED, ACCOUNT_CLOSED = "account_activated", "account_closed"
ACCOUNT_FROZEN, ACCOUNT_UNFROZEN = "account_frozen", "account_unfrozen"

_KINDS_OF_ACCOUNT = {
    events.ACCOUNT_ACTIVATED: ACCOUNT_ACTIVATED,
    events.ACCOUNT_FROZEN: ACCOUNT_FROZEN,
    events.ACCOUNT_UNFROZEN: ACCOUNT_UNFROZEN,
    events.ACCOUNT_CLOSED: ACCOUNT_CLOSED,
}
KINDS = (MONEY_SENT, MONEY_RECEIVED, TRANSFER_FAILED, *_KINDS_OF_ACCOUNT.values())


def stories(news: News) -> Iterator[Recipient]:
    """Yield who hears what about these events; the payload is `kind` and `data`.

    The data of a transfer: `amount` (a decimal string in major units), `amount_minor`, `currency`, `counterparty` (a
    name, empty when there is no such account), `reason` (why it was refused, else None) and `transaction` (its id).
    That of an account: `currency` and `reason` (the operator's words, which may be empty).
    """
    for event in news.events:
        for account, kind in _heard_by(event):
            owner = news.owner(account)
            if owner is not None:
                yield Recipient(event, account, owner, payload={"kind": kind, "data": _data(news, event, account)})


def _heard_by(event: Event) -> list[tuple[ObjectId, str]]:
    if event.name == events.TRANSACTION_COMPLETED:
        return list(zip(event.accounts, (MONEY_SENT, MONEY_RECEIVED), strict=True))
    if event.name == events.TRANSACTION_FAILED:
        return [(event.accounts[0], TRANSFER_FAILED)]
    kind = _KINDS_OF_ACCOUNT.get(event.name)
    return [(event.subject, kind)] if kind else []


def _data(news: News, event: Event, account: ObjectId) -> dict[str, Any]:
    details = event.details
    if event.name not in (events.TRANSACTION_COMPLETED, events.TRANSACTION_FAILED):
        return {"currency": details["currency"], "reason": details["reason"]}
    other = next(party for party in event.accounts if party != account)
    return {
        "amount": details["amount"],
        "amount_minor": int64(parse_amount(details["amount"], details["currency"])),
        "currency": details["currency"],
        "counterparty": news.names.get(other, ""),
        "reason": details["reason"],
        "transaction": event.subject,
    }
