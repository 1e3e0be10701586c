"""For administrators: the transactions of the whole bank, each with all that is known of it, and the audit log."""

from django.http import HttpRequest, HttpResponse, JsonResponse
from django.shortcuts import render

from banking.access import account_id_read
from banking.selectors.deeds import DeedsPage, deeds_page
from banking.selectors.transfers import TransferPage, transaction_examine, transfers_page
from banking.web.console_forms import DeedFilterForm, TransferFilterForm
from banking.web.methods import reads
from banking.web.viewer import admin_page, zone_of
from ledger.accounts import account_get
from ledger.listings import MOST_WALKED
from ledger.newest import MOST_EXAMINED
from ledger.receipts import signed_receipt
from ledger.records import MAX_FAILURES


@reads
@admin_page
def transactions(request: HttpRequest) -> HttpResponse:
    """All transactions, newest first, with filters; for a script that asks for more, only the next rows."""
    filters = TransferFilterForm(request.GET, zone=zone_of(request))
    cursor = request.GET.get("cursor", "")
    page = {"filters": filters, "transfers_cursor": cursor, "more_name": "cursor"}
    if not filters.is_valid():
        return render(request, "pages/admin-transactions.html", page, status=422)
    page["searched"] = MOST_EXAMINED if filters.account is None else MOST_WALKED
    if not filters.has_to_choose:
        page["transfers"] = _transfers(filters, cursor)
    rows_only = getattr(request, "htmx", False) and cursor
    template = "pages/admin-transfers-rows.html" if rows_only else "pages/admin-transactions.html"
    return render(request, template, page)


def _transfers(filters: TransferFilterForm, cursor: str) -> TransferPage:
    status = filters.cleaned_data["status"] or None
    return transfers_page(account=filters.account, status=status, bounds=filters.bounds, cursor=cursor or None)


@reads
@admin_page
def transaction(request: HttpRequest, transaction_id: str) -> HttpResponse:
    """One transaction with all that is known of it; for a script the same as a dialog."""
    part = getattr(request, "htmx", False)
    page = {"examined": transaction_examine(transaction_id), "most_attempts": MAX_FAILURES}
    return render(request, "pages/admin-transaction-part.html" if part else "pages/admin-transaction.html", page)


@reads
@admin_page
def receipt(request: HttpRequest, transaction_id: str, account_id: str) -> HttpResponse:
    """The receipt of one side as a file that proves itself."""
    examined = transaction_examine(transaction_id)
    account = account_get(account_id_read(account_id))
    signed = signed_receipt(account=account, transaction_id=examined.transfer.transaction.id)
    name = f'attachment; filename="florin-receipt-{examined.transfer.transaction.id}-{account.id}.json"'
    return JsonResponse(signed, headers={"Content-Disposition": name}, json_dumps_params={"indent": 1})


@reads
@admin_page
def audit(request: HttpRequest) -> HttpResponse:
    """Who did what, newest first, with filters; for a script that asks for more, only the next rows."""
    filters = DeedFilterForm(request.GET, zone=zone_of(request))
    cursor = request.GET.get("cursor", "")
    page = {
        "filters": filters,
        "deeds_cursor": cursor,
        "more_deeds_name": "cursor",
        "searched": MOST_EXAMINED,
    }
    if not filters.is_valid():
        return render(request, "pages/admin-audit.html", page, status=422)
    rows_only = getattr(request, "htmx", False) and cursor
    template = "pages/admin-deeds-rows.html" if rows_only else "pages/admin-audit.html"
    return render(request, template, {**page, "deeds": _deeds(filters, cursor)})


def _deeds(filters: DeedFilterForm, cursor: str) -> DeedsPage:
    return deeds_page(wanted=filters.wanted, cursor=cursor or None)
