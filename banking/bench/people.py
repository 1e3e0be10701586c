"""The customers of the bench: one account each with money on it, and a token to spend it with."""

from dataclasses import dataclass
from datetime import datetime
from uuid import uuid4

from bson.objectid import ObjectId
from django.conf import settings

from accounts.models import Role, User
from accounts.tokens import pair_issue
from ledger.accounts import account_open
from ledger.audit import COMMAND
from ledger.transfers import funding_execute

_FUNDS = 1_000_000


@dataclass(frozen=True, slots=True)
class Customer:
    """Somebody with an account."""

    owner: ObjectId
    account: ObjectId
    token: str


def customers_make(count: int, *, at: datetime | None = None) -> list[Customer]:
    """Register customers and fund their accounts.

    Args:
        count: how many.
        at: when they were opened and funded, None for now.
    """
    return [_customer(at) for _ in range(count)]


def admin_token() -> str:
    """Return the token of a member of staff."""
    return pair_issue(user=_person(Role.ADMIN)).access


def _customer(at: datetime | None) -> Customer:
    user = _person(Role.USER)
    account = account_open(owner=user.pk, currency=settings.DEFAULT_CURRENCY, origin=COMMAND, at=at)
    funding_execute(receiver=account.id, amount=_FUNDS, key=f"bench-{account.id}", origin=COMMAND, at=at)
    return Customer(owner=user.pk, account=account.id, token=pair_issue(user=user).access)


def _person(role: Role) -> User:
    """Store somebody who has no password: hashing one takes a third of a second."""
    user = User(email=f"{uuid4().hex}@bench.example", first_name="Bench", last_name="Customer", role=role)
    user.set_unusable_password()
    user.save()
    return user
