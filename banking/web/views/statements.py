"""Statements: choose an account and a period, see the sums, take it along as CSV or PDF.

A person gets those of their own accounts, an administrator those of any. Downloads are counted, because each reads
and sets as much as somebody asks for.
"""

from collections.abc import Callable
from datetime import UTC
from typing import Any

from django.http import FileResponse, HttpRequest, HttpResponse, HttpResponseBase, StreamingHttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils import timezone
from django.utils.http import urlencode
from django.utils.translation import gettext_lazy as _

from banking import limits
from banking.access import account_get_for_viewer, account_id_read, accounts_of_user
from banking.selectors.statements import PersonalStatement, statement_get
from banking.statements.csv_file import statement_csv
from banking.statements.pdf_file import LONG, MOST_ENTRIES, statement_pdf
from banking.statements.periods import LAST_MONTH, LAST_YEAR, OWN, THIS_MONTH, THIS_YEAR
from banking.statements.wording import period_text
from banking.web.methods import reads
from banking.web.statement_forms import PeriodForm
from banking.web.viewer import private_page, viewer, zone_of
from banking.web.views.home import account_chosen
from ledger.records import Account

Answer = Callable[[PersonalStatement, str], HttpResponseBase]

_PERIODS = [
    (THIS_MONTH, _("This month")),
    (LAST_MONTH, _("Last month")),
    (THIS_YEAR, _("This year")),
    (LAST_YEAR, _("Last year")),
]


@reads
@private_page
def statements(request: HttpRequest) -> HttpResponse:
    """The choice of account and period, and the sums of what was chosen."""
    accounts = accounts_of_user(viewer(request))
    account = _account_wanted(request, accounts)
    if account is None:
        return render(request, "pages/statements.html", {"accounts": accounts})
    form = _period_form(request)
    page: dict[str, Any] = {
        "accounts": accounts,
        "account": account,
        "is_own": account.id in {one.id for one in accounts},
        "periods": _PERIODS,
        "form": form,
    }
    if not form.is_valid():
        return render(request, "pages/statements.html", page, status=422)
    personal = statement_get(account=account, period=form.period, zone=zone_of(request) or UTC)
    page |= {
        "personal": personal,
        "statement": personal.statement,
        "period_text": period_text(form.period),
        "most_entries": MOST_ENTRIES,
        "is_long": personal.statement.count > LONG,
        "is_too_long": personal.statement.count > MOST_ENTRIES,
        "days": urlencode({"from": form.period.first.isoformat(), "to": form.period.last.isoformat()}),
    }
    return render(request, "pages/statements.html", page)


@reads
@private_page
def csv_file(request: HttpRequest, account_id: str) -> HttpResponseBase:
    """The statement as CSV, sent while it is read, however long it is."""
    return _download(request, account_id, _csv)


@reads
@private_page
def pdf_file(request: HttpRequest, account_id: str) -> HttpResponseBase:
    """The statement as PDF, complete before its first byte is sent."""
    return _download(request, account_id, _pdf)


def _download(request: HttpRequest, account_id: str, answer: Answer) -> HttpResponseBase:
    limits.hit(request, group=limits.STATEMENTS)
    account = account_get_for_viewer(user=viewer(request), account_id=account_id_read(account_id))
    form = _period_form(request)
    if not form.is_valid():
        # The page says what is wrong with these days.
        return redirect(_page_address(request, account))
    personal = statement_get(account=account, period=form.period, zone=zone_of(request) or UTC)
    if answer is _pdf and personal.statement.count > MOST_ENTRIES:
        return redirect(_page_address(request, account))
    days = f"{form.period.first.isoformat()}-{form.period.last.isoformat()}"
    return answer(personal, f"florin-statement-{account.currency}-{days}")


def _csv(personal: PersonalStatement, name: str) -> HttpResponseBase:
    return StreamingHttpResponse(
        statement_csv(personal),
        content_type="text/csv; charset=utf-8",
        headers={"Content-Disposition": f'attachment; filename="{name}.csv"'},
    )


def _pdf(personal: PersonalStatement, name: str) -> HttpResponseBase:
    return FileResponse(
        statement_pdf(personal), as_attachment=True, filename=f"{name}.pdf", content_type="application/pdf"
    )


def _account_wanted(request: HttpRequest, accounts: list[Account]) -> Account | None:
    """Return the account in the address, else the first of one's own; None without any.

    Raises:
        AccountNotFound: the one in the address is not for this person.
    """
    wanted = request.GET.get("account", "")
    if wanted:
        return account_get_for_viewer(user=viewer(request), account_id=account_id_read(wanted))
    return account_chosen(request, accounts) if accounts else None


def _period_form(request: HttpRequest) -> PeriodForm:
    return PeriodForm(request.GET, today=timezone.now().astimezone(zone_of(request) or UTC).date())


def _page_address(request: HttpRequest, account: Account) -> str:
    asked = {name: request.GET.get(name, "") for name in ("from", "to")}
    return f"{reverse('statements')}?{urlencode({'account': str(account.id), 'period': OWN, **asked})}"
