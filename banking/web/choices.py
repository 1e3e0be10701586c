"""Whom the send form offers to pay."""

from typing import Any

from bson.objectid import ObjectId

from accounts.models import User
from banking.selectors.people import (
    LEAST_LETTERS,
    Payee,
    is_oneself,
    payee_of_account,
    payees_recent,
    payees_search,
)
from ledger.records import Account


def choices_of(*, user: User, account: Account, words: str, chosen: str) -> dict[str, Any]:
    """Return who was found by the words, else who was paid last, and always who is chosen already.

    Args:
        user: who pays.
        account: the account that pays, fetched for its owner.
        words: what stands in the search.
        chosen: the account id that is chosen; anything else counts as nobody.
    """
    searched = bool(words.strip())
    payees = (
        payees_search(user=user, words=words, currency=account.currency)
        if searched
        else payees_recent(account=account)
    )
    payee = _chosen_payee(account, chosen)
    if payee is not None and payee not in payees:
        payees = [payee, *payees]
    return {
        "payees": payees,
        "chosen": payee.account if payee else None,
        "searched": searched,
        "words": words,
        "too_short": searched and len(words.strip()) < LEAST_LETTERS,
        "oneself": searched and not payees and is_oneself(user=user, words=words),
    }


def _chosen_payee(account: Account, chosen: str) -> Payee | None:
    if not ObjectId.is_valid(chosen) or chosen == str(account.id):
        return None
    return payee_of_account(account_id=ObjectId(chosen), currency=account.currency)
