"""What a consumer of events is: whom it wants to tell of an event, and how it tells one of them.

The relay asks `targets` for many events at once; what comes back becomes deliveries. Workers call `deliver` with one
delivery after the other of a stream, at least once each: a process may die between the deed and the note of it.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any, Protocol, runtime_checkable

from bson.objectid import ObjectId

from banking.names import names_of_accounts
from banking.outbox.records import Delivery
from ledger.accounts import accounts_by_ids
from ledger.events import Event
from ledger.records import Account

# Longer than this a delivery must not take: its stream would be taken for abandoned, and be given to somebody else.
LONGEST_SECONDS = 15


class DeliveryFailed(Exception):
    """It did not work this time; the text, without secrets, says why. It is tried again later."""


class Undeliverable(Exception):
    """This delivery can never succeed; the text, without secrets, says why. It is dead at once."""


class NoLongerWanted(Exception):
    """Nobody wants this delivery any more, and the text says why. It is done with that note."""


class News:
    """Some events in the order of their commits, and what consumers need to know about their accounts.

    What is asked of it is read once for all events and all consumers.
    """

    def __init__(self, events: Sequence[Event]) -> None:
        self.events = events

    @cached_property
    def accounts(self) -> dict[ObjectId, Account]:
        """The accounts of all events by id, system accounts among them."""
        return accounts_by_ids({account for event in self.events for account in event.accounts})

    @cached_property
    def names(self) -> dict[ObjectId, str]:
        """The owner's name of each account, the bank's for a system account."""
        return names_of_accounts(self.accounts)

    def owner(self, account: ObjectId) -> ObjectId | None:
        """Return the customer to whom an account belongs; None for a system account or an unknown one."""
        found = self.accounts.get(account)
        return None if found is None else found.owner


@dataclass(frozen=True, slots=True)
class Recipient:
    """Somebody who is to be told of an event.

    Args:
        event: what happened.
        account: which of its accounts they are told about; with the target it is what keeps the order.
        owner: the customer to whom the account belongs.
        target: where to, if the consumer knows several places.
        payload: what the consumer needs when it delivers; it should not have to look anything up that may change.
    """

    event: Event
    account: ObjectId
    owner: ObjectId
    target: ObjectId | None = None
    payload: dict[str, Any] = field(default_factory=dict)


class Consumer(Protocol):
    """Somebody who wants to know what happened.

    Args:
        name: of the consumer, in its deliveries and streams; one word.
    """

    name: str

    def targets(self, news: News) -> Iterable[Recipient]:
        """Say who is to be told of these events, with a number of queries that does not grow with them.

        It changes nothing, for it may be asked again. That it raises holds up the whole relay: events that it does not
        know it leaves out.
        """

    def deliver(self, delivery: Delivery) -> None:
        """Tell one recipient, within `LONGEST_SECONDS`; that it returns means that it is done.

        Raises:
            DeliveryFailed: it did not work; it is tried again later, with growing pauses.
            Undeliverable: it can never succeed.
            NoLongerWanted: there is nobody any more who wants it.
            Exception: anything else is treated as DeliveryFailed, and of its text nothing is kept but in the log.
        """


@runtime_checkable
class TellsMany(Consumer, Protocol):
    """A consumer for which it is little work to tell many at once, and no matter to tell somebody twice."""

    def deliver_many(self, deliveries: Sequence[Delivery]) -> None:
        """Tell these recipients, of several streams, within `LONGEST_SECONDS`.

        When it raises, they are told one by one.
        """
