"""Opening an account as GraphQL asks for it: with its holder's name and document, and what it begins with."""

import re

from django.conf import settings

from accounts.documents import document_clean
from accounts.errors import UserNotFound
from accounts.models import User
from accounts.selectors import user_by_document
from accounts.services import user_document_set
from accounts.text import TextRefused, search_form
from banking.errors import FieldsInvalid, NotAllowed
from banking.services.customers import account_open
from ledger import accounts as ledger_accounts
from ledger.audit import Origin
from ledger.errors import AccountExists, AmountInvalid
from ledger.money import currency_check, parse_amount
from ledger.records import Account

_DOCUMENT_LONGEST_AS_TYPED = 40
_ZERO = re.compile(r"0{1,19}(\.0{1,19})?", re.ASCII)


def account_create(
    *,
    user: User,
    name: str | None,
    document: str | None,
    balance: object,
    currency: object,
    origin: Origin,
) -> Account:
    """Open an account for oneself, or as the system user for whoever has the document, funded with the balance.

    Args:
        user: who asks.
        name: the holder's; checked if it is given.
        document: the holder's CPF or CNPJ. A customer without one gets it; the system user names the holder by it.
        balance: what the system account pays in, in major units; None or 0 for nothing.
        currency: one that the bank offers; the default one for None.
        origin: who asks, and from where.

    Raises:
        NotAllowed: somebody else than the system user asks for a balance.
        FieldsInvalid: name, document or balance is malformed, or not the holder's.
        DocumentTaken: the document is somebody else's.
        CurrencyNotOffered, AccountExists, TryAgain: as `ledger.accounts.account_open`.
    """
    chosen = currency_check(settings.DEFAULT_CURRENCY if currency is None else currency)
    opening_minor = _opening_read(balance, chosen)
    if opening_minor and not user.is_system:
        raise NotAllowed
    given = _document_read(document)
    holder = _holder(user, given)
    if name is not None and search_form(name) != search_form(holder.name):
        raise FieldsInvalid({"name": ["This is not the name of the account's holder."]})
    _see_that_there_is_none(holder, chosen)
    _document_keep(holder, given)
    if not user.is_system:
        return account_open(user=holder, currency=chosen, origin=origin)
    return ledger_accounts.account_open(
        owner=holder.pk, currency=chosen, origin=origin, opening_minor=opening_minor, only_first=False
    )


def _opening_read(balance: object, currency: str) -> int:
    if balance is None or _ZERO.fullmatch(str(balance)):
        return 0
    try:
        return parse_amount(balance, currency)
    except AmountInvalid as error:
        raise FieldsInvalid({"balance": [error.message]}) from error


def _document_read(document: str | None) -> str | None:
    if not document:
        return None
    try:
        return document_clean(document[: _DOCUMENT_LONGEST_AS_TYPED + 1])
    except TextRefused as error:
        raise FieldsInvalid({"document": [str(error)]}) from error


def _holder(user: User, document: str | None) -> User:
    """Return whose account it will be: the asker's own, unless the system user names somebody by the document."""
    if not user.is_system or document is None:
        return user
    try:
        return user_by_document(document=document)
    except UserNotFound as error:
        raise FieldsInvalid({"document": ["Nobody here has this document."]}) from error


def _see_that_there_is_none(holder: User, currency: str) -> None:
    # The unique index decides; asked before, so that a request that is refused leaves no document behind.
    if any(account.currency == currency for account in ledger_accounts.accounts_of_owner(holder.pk)):
        raise AccountExists(currency)


def _document_keep(holder: User, document: str | None) -> None:
    if document is None or holder.document == document:
        return
    if holder.document is not None:
        raise FieldsInvalid({"document": ["You have registered with another document."]})
    user_document_set(user=holder, document=document)
