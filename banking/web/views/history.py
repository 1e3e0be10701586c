"""What happened on an account: history, failed transfers, one transaction in detail."""

from django.conf import settings
from django.http import HttpRequest, HttpResponse, JsonResponse
from django.shortcuts import render
from django.urls import reverse
from django.utils.http import urlencode

from banking.access import accounts_of_user
from banking.selectors.activity import activity_page, failed_lines, receipt_for_user
from banking.web.forms import FilterForm
from banking.web.methods import reads
from banking.web.viewer import private_page, viewer, zone_of
from banking.web.views.home import account_chosen
from ledger.checkpoints import public_keys
from ledger.history import MOST_EXAMINED
from ledger.receipts import entry_checkpoint, signed_receipt
from ledger.records import MAX_FAILURES


@reads
@private_page
def transactions(request: HttpRequest) -> HttpResponse:
    """The history of an account with filters; for a script that asks for more, only the next rows."""
    accounts = accounts_of_user(viewer(request))
    if not accounts:
        return render(request, "pages/transactions.html", {"accounts": accounts})
    account = account_chosen(request, accounts)
    filters = FilterForm(request.GET, account=account, zone=zone_of(request))
    cursor = request.GET.get("cursor", "")
    page = {
        "accounts": accounts,
        "account": account,
        "filters": filters,
        "cursor": cursor,
        "most_examined": MOST_EXAMINED,
        "without_filters": f"{reverse('transactions')}?{urlencode({'account': str(account.id)})}",
    }
    if not filters.is_valid():
        return render(request, "pages/transactions.html", page, status=422)
    activity = activity_page(account=account, cursor=cursor or None, filters=filters.entry_filter())
    rows_only = getattr(request, "htmx", False) and cursor
    template = "pages/transactions-rows.html" if rows_only else "pages/transactions.html"
    return render(request, template, {**page, "activity": activity})


@reads
@private_page
def failed(request: HttpRequest) -> HttpResponse:
    """The account's own transfers that failed, each with the way to try it again."""
    accounts = accounts_of_user(viewer(request))
    if not accounts:
        return render(request, "pages/transactions.html", {"accounts": accounts})
    account = account_chosen(request, accounts)
    page = {
        "accounts": accounts,
        "account": account,
        "lines": failed_lines(account=account),
        "most_attempts": MAX_FAILURES,
    }
    return render(request, "pages/transactions-failed.html", page)


@reads
@private_page
def transaction(request: HttpRequest, transaction_id: str) -> HttpResponse:
    """One transaction in detail, which is also its receipt."""
    receipt = receipt_for_user(user=viewer(request), transaction_id=transaction_id)
    entry = receipt.entry
    checkpoint = None if entry is None else entry_checkpoint(account=receipt.account, seq=entry.seq)
    page = {
        "receipt": receipt,
        "checkpoint": checkpoint,
        "signs": bool(public_keys()),
        "checkpoint_minutes": -(-settings.CHECKPOINT_SECONDS // 60),
    }
    return render(request, "pages/transaction.html", page)


@reads
@private_page
def receipt(request: HttpRequest, transaction_id: str) -> HttpResponse:
    """The receipt as a file that proves itself, to be checked by anybody who has the bank's public key."""
    found = receipt_for_user(user=viewer(request), transaction_id=transaction_id)
    signed = signed_receipt(account=found.account, transaction_id=found.transaction.id)
    name = f'attachment; filename="florin-receipt-{found.transaction.id}.json"'
    return JsonResponse(signed, headers={"Content-Disposition": name}, json_dumps_params={"indent": 1})
