"""Becoming a customer, changing what one is called and one's password, and opening accounts."""

import random
from dataclasses import replace

import structlog
from django.conf import settings

from accounts.errors import InvalidFields
from accounts.models import User
from accounts.profile import profile_change
from accounts.services import user_register
from banking.audit import person_changed, person_registered
from ledger import accounts as ledger_accounts
from ledger.audit import FAILED, Origin
from ledger.errors import TryAgain
from ledger.money import currency_check, parse_amount
from ledger.records import Account

_log = structlog.get_logger(__name__)


def customer_register(
    *,
    email: str,
    first_name: str,
    last_name: str,
    password: str,
    document: str | None = None,
    origin: Origin,
    with_account: bool = True,
) -> User:
    """Register a person, and open the first account in the default currency.

    Args:
        email, first_name, last_name, password, document: as `accounts.services.user_register`.
        origin: from where; the actor becomes the new person.
        with_account: open the first account at once; programs open it themselves.

    Raises:
        As `accounts.services.user_register`.
    """
    user = user_register(email=email, first_name=first_name, last_name=last_name, password=password, document=document)
    own = replace(origin, actor=user.pk)
    person_registered(user=user, origin=own)
    if with_account:
        try:
            account_open(user=user, currency=None, origin=own)
        except TryAgain:
            # The person is registered and can open the account from the dashboard.
            _log.warning("first_account_not_opened", user=str(user.pk))
    return user


def customer_change(
    *,
    user: User,
    origin: Origin,
    first_name: str | None = None,
    last_name: str | None = None,
    password: str | None = None,
    current_password: str | None = None,
) -> User:
    """Change what somebody is called, or their password, which ends all of their sign-ins from before.

    Args:
        user: who asks, as just read.
        origin: who asks, and from where.
        first_name, last_name, password, current_password: as `accounts.profile.profile_change`; None for no change.

    Raises:
        As `accounts.profile.profile_change`.
    """
    wanted = {"first_name": first_name, "last_name": last_name, "password": password}
    fields = [name for name, value in wanted.items() if value is not None]
    try:
        changed = profile_change(user=user, **wanted, current_password=current_password)
    except InvalidFields as error:
        if "current_password" in error.errors:
            person_changed(user=user, origin=origin, fields=fields, status=FAILED)
        raise
    person_changed(user=changed, origin=origin, fields=fields)
    return changed


def account_open(*, user: User, currency: object, origin: Origin) -> Account:
    """Open an account, with the opening balance when it is the customer's first.

    Args:
        user: who gets it.
        currency: one that the bank offers; the default one for None.
        origin: who asks, and from where.

    Raises:
        CurrencyNotOffered, AccountExists, TryAgain: as `ledger.accounts.account_open`.
    """
    chosen = currency_check(settings.DEFAULT_CURRENCY if currency is None else currency)
    return ledger_accounts.account_open(
        owner=user.pk, currency=chosen, origin=origin, opening_minor=opening_balance_minor(chosen)
    )


def opening_balance_minor(currency: str) -> int:
    """Return what a first account begins with (`OPENING_BALANCE`), in minor units; random between two bounds."""
    low, _, high = settings.OPENING_BALANCE.partition("-")
    if low in {"", "0"} and not high:
        return 0
    least = parse_amount(low, currency) if low != "0" else 0
    # A gift's size is no secret.
    return random.randint(least, parse_amount(high, currency)) if high else least  # noqa: S311
