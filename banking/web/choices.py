"""Whom the send form offers to pay."""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any

from bson.objectid import ObjectId

from accounts.models import User
from banking.selectors.people import (
    LEAST_LETTERS,
    Found,
    Payee,
    is_oneself,
    payee_of_account,
    payees_recent,
    people_found,
)
from ledger.records import ACTIVE, Account


@dataclass(frozen=True, slots=True)
class Elsewhere:
    """Somebody who was found and cannot be paid from the chosen account, but from another one.

    Args:
        account: theirs.
        payer: one's own account that can pay it.
    """

    name: str
    account: ObjectId
    payer: Account


def choices_of(
    *, user: User, account: Account, accounts: Sequence[Account], words: str, chosen: str
) -> dict[str, Any]:
    """Return who was found by the words, else who was paid last, and always who is chosen already.

    Args:
        user: who pays.
        account: the account that pays, fetched for its owner.
        accounts: all accounts of this person.
        words: what stands in the search.
        chosen: the account id that is chosen; anything else counts as nobody.
    """
    searched = bool(words.strip())
    found = people_found(user=user, words=words, currency=account.currency) if searched else []
    elsewhere = list(_elsewhere(found, accounts))
    payees = _payees(found) if searched else payees_recent(account=account)
    payee = _chosen_payee(account, chosen)
    if payee is not None and payee not in payees:
        payees = [payee, *payees]
    return {
        "payees": payees,
        "elsewhere": elsewhere,
        "found_count": len(_payees(found)) + len(elsewhere),
        "chosen": payee.account if payee else None,
        "searched": searched,
        "words": words,
        "too_short": searched and len(words.strip()) < LEAST_LETTERS,
        "oneself": searched and not payees and not elsewhere and is_oneself(user=user, words=words),
    }


def _payees(found: Iterable[Found]) -> list[Payee]:
    return [Payee(one.user.name, one.account) for one in found if one.account is not None]


def _elsewhere(found: Iterable[Found], accounts: Sequence[Account]) -> Iterator[Elsewhere]:
    payers = {one.currency: one for one in accounts if one.status == ACTIVE}
    for one in found:
        theirs = next((account for account in one.others if account.currency in payers), None)
        if one.account is None and theirs is not None:
            yield Elsewhere(one.user.name, theirs.id, payers[theirs.currency])


def _chosen_payee(account: Account, chosen: str) -> Payee | None:
    if not ObjectId.is_valid(chosen) or chosen == str(account.id):
        return None
    return payee_of_account(account_id=ObjectId(chosen), currency=account.currency)
