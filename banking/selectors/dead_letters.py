"""What could not be delivered, with whose account it was about: for operators."""

from dataclasses import dataclass

from accounts.selectors import users_by_ids
from banking.outbox.records import Delivery
from banking.selectors.deliveries import deliveries_dead
from ledger.accounts import accounts_by_ids
from ledger.records import Account


@dataclass(frozen=True, slots=True)
class DeadLetter:
    """A dead delivery.

    Args:
        customer: the name of its owner; empty when the person is gone.
        account: what it was about; None for a webhook's test, which is about no account.
    """

    delivery: Delivery
    customer: str
    account: Account | None


@dataclass(frozen=True, slots=True)
class DeadLetterPage:
    """Some dead letters, newest event first, and where the next ones are."""

    letters: list[DeadLetter]
    next_cursor: str | None


def dead_letters_page(*, cursor: str | None = None) -> DeadLetterPage:
    """Return what could not be delivered, newest event first, in the same number of queries for any number of rows.

    Raises:
        CursorInvalid: the cursor was not made here.
    """
    page = deliveries_dead(cursor=cursor)
    people = users_by_ids({delivery.owner for delivery in page.deliveries})
    accounts = accounts_by_ids({delivery.account for delivery in page.deliveries})
    letters = [
        DeadLetter(one, people[one.owner].name if one.owner in people else "", accounts.get(one.account))
        for one in page.deliveries
    ]
    return DeadLetterPage(letters, page.next_cursor)
