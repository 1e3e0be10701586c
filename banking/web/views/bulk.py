"""Paying many at once: a list is uploaded, checked line by line, confirmed, paid in the background, and accounted for.

Everything that could be done twice by a double click, Back, a refresh or a second tab is a conditional step of the run
in the database (`banking.services.runs`), so here every action ends by showing the run as it is now.
"""

from collections.abc import Callable, Iterable, Sequence
from typing import Any

from django.contrib import messages
from django.core.exceptions import RequestDataTooBig
from django.http import HttpRequest, HttpResponse, HttpResponseBase, StreamingHttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils.http import urlencode
from django.utils.translation import gettext, ngettext, pgettext
from django.utils.translation import gettext_lazy as _
from django.views.decorators.csrf import csrf_exempt, csrf_protect

from banking import limits
from banking.access import account_id_read
from banking.bulk_files import MAX_BYTES, SAMPLE, csv_lines
from banking.errors import PayerNotActive, RunChanged
from banking.locales import number_text
from banking.run_records import CHECKED, DONE, PAYING, Run
from banking.selectors.runs import (
    SHOWS,
    Tally,
    result_rows,
    run_count_of,
    run_get_for_user,
    run_lines_page,
    run_paid_before,
    run_tally,
    runs_page,
    unpaid_rows,
)
from banking.services import run_drive, runs
from banking.services.run_check import DECIMAL_COMMA
from banking.services.run_settle import run_settle
from banking.web.bulk_forms import UploadForm
from banking.web.methods import reads, reads_and_sends, sends
from banking.web.viewer import origin, private_action, private_page, viewer
from ledger.accounts import account_get_for_owner, accounts_of_owner
from ledger.errors import TryAgain
from ledger.records import Account

# A request has more to it than the file.
_MAX_REQUEST = MAX_BYTES + 64 * 1024
_TOO_LARGE = _("This is more than 2 MB. Split the file into several ones.")
_TOO_LONG = _("This is more than 1 MB of text. Put it into a file and upload that.")
_BUSY = _("The bank is busy. Nothing has been lost; it is safe to press the button once more.")


def _run_address(request: HttpRequest, run_id: str) -> str:
    return reverse("send_run", args=[run_id])


# The size is looked at before the body is read, and Django's own protection would read it first: `_upload` has it.
@csrf_exempt
@reads_and_sends
@private_page
def many(request: HttpRequest) -> HttpResponse:
    """Upload a list of payees, or look at earlier ones."""
    if request.method != "POST":
        return _many_page(request, UploadForm())
    if _length(request) > _MAX_REQUEST:
        return _refused(request, str(_TOO_LARGE))
    try:
        return _upload(request)
    except RequestDataTooBig:
        return _refused(request, str(_TOO_LONG))


@csrf_protect
def _upload(request: HttpRequest) -> HttpResponse:
    limits.hit(request, group=limits.TRANSFER)
    user = viewer(request)
    account = account_get_for_owner(account_id=account_id_read(request.POST.get("account", "")), owner=user.pk)
    form = UploadForm(request.POST, request.FILES)
    if not form.is_valid():
        return _many_page(request, form, account=account, status=422)
    found, is_known = runs.run_upload(user=user, account=account, name=form.name, rows=form.rows)
    address = reverse("send_run", args=[str(found.id)])
    return redirect(f"{address}?{urlencode({'known': 'yes'})}" if is_known else address)


def _length(request: HttpRequest) -> int:
    text = str(request.META.get("CONTENT_LENGTH") or "")
    return int(text) if text.isascii() and text.isdigit() else 0


def _refused(request: HttpRequest, sentence: str) -> HttpResponse:
    """Show the form with what is wrong, without looking at what was sent."""
    form = UploadForm({})
    form.is_valid()
    form.errors.clear()
    form.add_error(None, sentence)
    return _many_page(request, form, status=413)


def _many_page(
    request: HttpRequest, form: UploadForm, *, account: Account | None = None, status: int = 200
) -> HttpResponse:
    user = viewer(request)
    accounts = accounts_of_owner(user.pk)
    if not accounts:
        return render(request, "pages/send-no-account.html")
    page = {
        "form": form,
        "accounts": accounts,
        "account": account or _account_chosen(request, accounts),
        "runs": runs_page(user=user, page=_number(request)),
    }
    return render(request, "pages/send-many.html", page, status=status)


def _account_chosen(request: HttpRequest, accounts: Sequence[Account]) -> Account:
    wanted = request.GET.get("account", "")
    if not wanted:
        return accounts[0]
    return account_get_for_owner(account_id=account_id_read(wanted), owner=viewer(request).pk)


@reads
@private_page
def sample(request: HttpRequest) -> HttpResponseBase:
    """A file to begin from."""
    return _csv(SAMPLE, "payees-sample.csv")


@reads
@private_page
def run(request: HttpRequest, run_id: str) -> HttpResponse:
    """A run as it is now: checked, being paid, or done."""
    found = run_get_for_user(user=viewer(request), run_id=run_id)
    run_drive.drive_soon(found)
    page = _run_page(request, run_settle(found))
    template = {CHECKED: "pages/run-check.html", PAYING: "pages/run-paying.html", DONE: "pages/run-done.html"}
    return render(request, template[found.status], page)


def _run_page(request: HttpRequest, found: Run) -> dict[str, Any]:
    tally = run_tally(found)
    account = account_get_for_owner(account_id=found.account, owner=viewer(request).pk)
    page = {"run": found, "tally": tally, "account": account, "is_known": bool(request.GET.get("known"))}
    if found.status == PAYING:
        return page
    tabs = _tabs(found, tally)
    wanted = request.GET.get("show", "")
    show = wanted if wanted in SHOWS else tabs[0][0]
    return (
        page
        | _money_page(found, tally, account)
        | {
            "tabs": tabs,
            "show": show,
            "lines": run_lines_page(run=found, show=show, page=_number(request)),
            "wrong_heading": _wrong_heading(tally.wrong_count),
        }
    )


def _wrong_heading(count: int) -> str:
    words = ngettext("%(count)s line cannot be paid", "%(count)s lines cannot be paid", count)
    return words % {"count": number_text(count)}


def _money_page(found: Run, tally: Tally, account: Account) -> dict[str, Any]:
    """What the page says of money: what was paid before, what is missing, what is paid at most."""
    if found.status != CHECKED:
        return {}
    before = run_paid_before(found)
    return {
        "paid_before": before and run_settle(before),
        "check_heading": gettext("Nothing has been paid yet this time")
        if before
        else gettext("Nothing has been paid yet"),
        "short_minor": max(0, tally.rest_minor - account.available_minor),
        "is_rest_short": tally.rest_minor > account.available_minor,
        "is_all_short": tally.ready_minor > account.available_minor,
        "comma_count": run_count_of(found, DECIMAL_COMMA.code),
    }


def _tabs(found: Run, tally: Tally) -> list[tuple[str, str, int]]:
    """Return what of the lines can be looked at, what needs looking at first."""
    if found.status == DONE:
        some = [
            ("unpaid", gettext("Not paid"), tally.unpaid_count),
            ("paid", pgettext("lines", "Paid"), tally.paid_count),
        ]
    else:
        some = [
            ("wrong", gettext("Cannot be paid"), tally.wrong_count),
            ("doubtful", gettext("Look twice"), tally.doubtful_count),
            ("ready", pgettext("lines", "Ready"), tally.ready_count),
        ]
    shown = [tab for tab in some if tab[2]]
    # One that has all of the lines says nothing that the last one does not say.
    return [tab for tab in shown if tab[2] < tally.line_count] + [("all", gettext("All lines"), tally.line_count)]


@reads
@private_page
def progress(request: HttpRequest, run_id: str) -> HttpResponse:
    """How far a run is, as a part of its page; one that is done is shown as a whole."""
    found = run_get_for_user(user=viewer(request), run_id=run_id)
    run_drive.drive_soon(found)
    if found.status != PAYING:
        return HttpResponse(headers={"HX-Redirect": reverse("send_run", args=[run_id])})
    return render(request, "pages/run-progress.html", {"run": found, "tally": run_tally(found)})


@sends
@private_action(_run_address)
def check(request: HttpRequest, run_id: str) -> HttpResponse:
    """Check a list once more."""
    return _change(request, run_id, lambda found: _checked_again(request, found))


def _checked_again(request: HttpRequest, found: Run) -> None:
    if found.status == CHECKED:
        runs.run_check_again(user=viewer(request), run=found)
        messages.success(request, gettext("The list was checked again."))


@sends
@private_action(_run_address)
def confirm(request: HttpRequest, run_id: str) -> HttpResponse:
    """Have the list paid, once."""
    return _change(
        request,
        run_id,
        lambda found: runs.run_confirm(
            user=viewer(request),
            run=found,
            check=request.POST.get("check", ""),
            leave_out=request.POST.get("leave_out") == "yes",
            origin=origin(request),
        ),
    )


@sends
@private_action(_run_address)
def go_on(request: HttpRequest, run_id: str) -> HttpResponse:
    """Take up a list that came to a halt."""
    return _change(request, run_id, lambda found: runs.run_go_on(run=found))


@sends
@private_action(_run_address)
def again(request: HttpRequest, run_id: str) -> HttpResponse:
    """Make a new list of one that was paid, to be checked and confirmed like any other."""
    limits.hit(request, group=limits.TRANSFER)
    user = viewer(request)
    found = runs.run_repeat(user=user, run=run_get_for_user(user=user, run_id=run_id))
    return redirect("send_run", str(found.id))


@sends
@private_action(_run_address)
def discard(request: HttpRequest, run_id: str) -> HttpResponse:
    """Forget a list that was not confirmed."""
    found = run_get_for_user(user=viewer(request), run_id=run_id)
    try:
        runs.run_discard(user=viewer(request), run=found)
    except RunChanged:
        messages.error(request, gettext("This list was confirmed already, so it is kept."))
        return redirect("send_run", run_id)
    messages.success(request, gettext("The list was removed. Nothing was paid."))
    return redirect("send_many")


def _change(request: HttpRequest, run_id: str, change: Callable[[Run], Any]) -> HttpResponse:
    """Do something to a run and show it as it is then."""
    limits.hit(request, group=limits.TRANSFER)
    found = run_get_for_user(user=viewer(request), run_id=run_id)
    try:
        change(found)
    except (RunChanged, PayerNotActive) as error:
        messages.error(request, error.message)
    except TryAgain:
        messages.error(request, str(_BUSY))
    return redirect("send_run", run_id)


@reads
@private_page
def result(request: HttpRequest, run_id: str) -> HttpResponseBase:
    """All lines with what became of them."""
    found = run_settle(run_get_for_user(user=viewer(request), run_id=run_id))
    return _csv(result_rows(found), f"payments-{found.created_at:%Y-%m-%d}-{found.id}.csv")


@reads
@private_page
def unpaid(request: HttpRequest, run_id: str) -> HttpResponseBase:
    """The lines that were not paid, to be corrected and uploaded again."""
    found = run_settle(run_get_for_user(user=viewer(request), run_id=run_id))
    return _csv(unpaid_rows(found), f"not-paid-{found.created_at:%Y-%m-%d}-{found.id}.csv")


def _csv(rows: Iterable[Sequence[str]], name: str) -> StreamingHttpResponse:
    return StreamingHttpResponse(
        csv_lines(rows),
        content_type="text/csv; charset=utf-8",
        headers={"Content-Disposition": f'attachment; filename="{name}"'},
    )


def _number(request: HttpRequest) -> int:
    text = request.GET.get("page", "")
    return int(text) if text.isascii() and text.isdigit() and len(text) < 6 else 1
