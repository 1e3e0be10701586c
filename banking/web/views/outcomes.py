"""What became of a transfer, by its key: the result, and the question while nobody knows.

When the database does not answer a confirmation, nobody knows whether the money has moved. The page that says so asks
here by itself until there is an answer, and leads to the result or back to the review under the same key.
"""

from bson.objectid import ObjectId
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils.http import urlencode

from banking.access import account_get_for_user, account_id_read
from banking.selectors.activity import receipt_for_account
from banking.web.drafts import draft_get
from banking.web.methods import reads
from banking.web.viewer import polled_part, private_page, viewer
from ledger.accounts import account_get_for_owner
from ledger.errors import TransactionNotFound
from ledger.history import transaction_by_key
from ledger.records import Account, Transaction


def known_transaction(account: Account, key: str) -> Transaction | None:
    """Return the transaction that an account has under a key, None when there is none."""
    try:
        return transaction_by_key(account=account, key=key)
    except TransactionNotFound:
        return None


def result_address(account: ObjectId, key: str) -> str:
    """Return the address of the page that says what became of a key."""
    return f"{reverse('send_result', args=[key])}?{urlencode({'account': str(account)})}"


@reads
@private_page
def result(request: HttpRequest, key: str) -> HttpResponse:
    """What became of the key."""
    account = account_get_for_user(user=viewer(request), account_id=request.GET.get("account", ""))
    known = transaction_by_key(account=account, key=key)
    receipt = receipt_for_account(account=account, transaction_id=known.id)
    return render(request, "pages/send-result.html", {"receipt": receipt, "key": key})


@reads
@polled_part
def outcome(request: HttpRequest, key: str) -> HttpResponse:
    """Lead to the result when there is one, else back to where the same transfer can be confirmed."""
    account_id = account_id_read(request.GET.get("account", ""))
    account = account_get_for_owner(account_id=account_id, owner=viewer(request).pk)
    address = result_address(account.id, key) if known_transaction(account, key) else _not_made(request, key, account)
    if getattr(request, "htmx", False):
        return HttpResponse(headers={"HX-Redirect": address})
    return redirect(address)


def _not_made(request: HttpRequest, key: str, account: Account) -> str:
    """Return where to go on under the same key: whatever is still on its way, it is the same transfer."""
    if draft_get(request, key=key) is None:
        return f"{reverse('send_form', args=[key])}?{urlencode({'account': str(account.id)})}"
    return f"{reverse('send_review', args=[key])}?not_made=yes"
