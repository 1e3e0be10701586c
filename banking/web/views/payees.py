"""Parts of the send form that are asked for while one types: who is found, and whose account number it is."""

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render

from banking.access import account_id_read
from banking.selectors.people import person_of_account
from banking.web.choices import choices_of
from banking.web.methods import reads
from banking.web.receivers import ReceiverRefused, account_number, receiver_find
from banking.web.viewer import private_page, viewer
from ledger.accounts import account_get_for_owner, accounts_of_owner
from ledger.errors import AccountNotFound
from ledger.records import Account

_LONGEST_WORDS = 254


@reads
@private_page
def people(request: HttpRequest) -> HttpResponse:
    """The people who are found by the words."""
    user = viewer(request)
    accounts = accounts_of_owner(user.pk)
    account = _own(accounts, request.GET.get("account", ""))
    words, chosen = request.GET.get("words", "")[:_LONGEST_WORDS], request.GET.get("person", "")
    page = choices_of(user=user, account=account, accounts=accounts, words=words, chosen=chosen)
    return render(request, "pages/send-people.html", {**page, "account": account, "is_part": True})


@reads
@private_page
def payee(request: HttpRequest) -> HttpResponse:
    """Whose account it is that was typed, or why it cannot be paid; said before the rest is filled in."""
    owner = viewer(request).pk
    account = account_get_for_owner(account_id=account_id_read(request.GET.get("account", "")), owner=owner)
    number = account_number(request.GET.get("to_account", ""))
    return render(request, "pages/send-payee.html", _payee(account, number) if number else {})


def _payee(account: Account, number: str) -> dict[str, str]:
    try:
        found = receiver_find(account=account, number=number)
    except ReceiverRefused as refusal:
        return {"refusal": str(refusal)}
    return {"name": person_of_account(found), "currency": found.currency}


def _own(accounts: list[Account], wanted: str) -> Account:
    found = account_id_read(wanted)
    account = next((one for one in accounts if one.id == found), None)
    if account is None:
        raise AccountNotFound
    return account
