"""Sending money: form, review, confirmation, result.

The idempotency key is made when somebody begins and stands in the address and in every form from there on. So all of
double click, back, refresh and sending the form again say the same key to the service, which moves money once.
"""

import re
from dataclasses import dataclass
from uuid import uuid4

from bson.objectid import ObjectId
from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils.http import urlencode
from django.utils.translation import gettext_lazy as _

from banking import limits
from banking.access import account_get_for_user, account_id_read
from banking.amounts import amount_written
from banking.selectors.activity import receipt_for_user
from banking.selectors.people import person_of_account
from banking.services.payments import transfer_send
from banking.web.choices import choices_of
from banking.web.drafts import Draft, draft_get, draft_save
from banking.web.forms import SendForm
from banking.web.methods import reads, reads_and_sends, sends
from banking.web.viewer import origin, private_action, private_page, viewer
from banking.web.views.outcomes import known_transaction, result_address
from ledger.accounts import account_get, account_get_for_owner, accounts_of_owner
from ledger.errors import (
    AccountNotFound,
    AmountInvalid,
    IdempotencyKeyReused,
    RetryLimitExceeded,
    TransactionInProgress,
    TransactionNotFound,
    TransferRefused,
    TryAgain,
)
from ledger.money import format_plain, parse_amount
from ledger.records import ACTIVE, CLOSED, Account, Transaction

KEY_PATTERN = "[0-9a-f]{32}"
_WEB_KEY = re.compile(KEY_PATTERN, re.ASCII)


SENT_BEFORE = _("This transfer had been sent before. Here is what became of it.")


def key_new() -> str:
    """Return an idempotency key that nobody has used."""
    return uuid4().hex


@reads
@private_page
def begin(request: HttpRequest) -> HttpResponse:
    """Give a new transfer its key; the account, the payee or the failed transfer that the address names goes along."""
    if request.GET.get("again"):
        return _begin_again(request, request.GET["again"])
    asked = {name: request.GET[name] for name in ("account", "to") if request.GET.get(name)}
    address = reverse("send_form", args=[key_new()])
    return redirect(f"{address}?{urlencode(asked)}" if asked else address)


def _begin_again(request: HttpRequest, transaction_id: str) -> HttpResponse:
    """Fill in a new transfer like one that failed; the amount stays empty when it was what failed."""
    receipt = receipt_for_user(user=viewer(request), transaction_id=transaction_id)
    if not receipt.may_begin_again:
        raise TransactionNotFound
    failed = receipt.transaction
    amount = "" if receipt.amount_failed else format_plain(failed.amount_minor, failed.currency)
    key = key_new()
    draft_save(request, key=key, draft=Draft(str(failed.sender), str(failed.receiver), amount, failed.note))
    return redirect("send_form", key)


@reads_and_sends
@private_page
def form(request: HttpRequest, key: str) -> HttpResponse:
    """Step one: who gets how much."""
    accounts = [one for one in accounts_of_owner(viewer(request).pk) if one.status != CLOSED]
    if not accounts:
        return render(request, "pages/send-no-account.html")
    account = _paying_account(request, key, accounts)
    if request.method != "POST":
        return _form_page(request, key, accounts, SendForm(initial=_beginning(request, key, account), account=account))
    if _is_search(request):
        typed = {name: request.POST.get(name, "") for name in SendForm.base_fields}
        return _form_page(request, key, accounts, SendForm(initial=typed, account=account))
    filled = SendForm(request.POST, account=account)
    if not filled.is_valid():
        return _form_page(request, key, accounts, filled, status=422)
    return _on_to_review(request, key, filled)


def _is_search(request: HttpRequest) -> bool:
    """Whether people are wanted: the button says so, or Enter was pressed in the search before anybody is chosen."""
    step, words = request.POST.get("step", ""), request.POST.get("words", "").strip()
    answered = request.POST.get("person") or request.POST.get("to_account")
    return step == "search" or bool(step == "enter" and words and not answered)


def _paying_account(request: HttpRequest, key: str, accounts: list[Account]) -> Account:
    draft = draft_get(request, key=key)
    wanted = request.POST.get("account") or request.GET.get("account") or (draft.account if draft else "")
    if not wanted:
        return next((one for one in accounts if one.status == ACTIVE), accounts[0])
    return account_get_for_owner(account_id=account_id_read(wanted), owner=viewer(request).pk)


def _beginning(request: HttpRequest, key: str, account: Account) -> dict[str, str]:
    """Return what the form shows at first: what was filled in before, else whom the address names."""
    draft = draft_get(request, key=key)
    if draft is not None:
        return {"person": draft.to, "amount": _as_typed(draft, account.currency), "note": draft.note}
    return {"person": request.GET.get("to", "")}


def _as_typed(draft: Draft, currency: str) -> str:
    """Return the amount of a draft as somebody types it; nothing when it was for an account in another currency."""
    try:
        return amount_written(parse_amount(draft.amount, currency), currency)
    except AmountInvalid:
        return ""


def _form_page(
    request: HttpRequest, key: str, accounts: list[Account], filled: SendForm, status: int = 200
) -> HttpResponse:
    words, chosen = str(filled["words"].value() or ""), str(filled["person"].value() or "")
    page = {
        "form": filled,
        "key": key,
        "accounts": accounts,
        "account": filled.account,
        **choices_of(user=viewer(request), account=filled.account, accounts=accounts, words=words, chosen=chosen),
    }
    return render(request, "pages/send.html", page, status=status)


def _on_to_review(request: HttpRequest, key: str, filled: SendForm) -> HttpResponse:
    if filled.receiver is None:
        raise AccountNotFound
    account = filled.account
    draft = Draft(
        account=str(account.id),
        to=str(filled.receiver.id),
        amount=format_plain(filled.amount_minor, account.currency),
        note=filled.cleaned_data["note"],
    )
    known = known_transaction(account, key)
    if known is not None and _same(known, draft, account.currency):
        messages.success(request, SENT_BEFORE)
        return redirect(result_address(account.id, key))
    if known is not None:
        # Other details are another transfer, which needs a key of its own.
        key = key_new()
    draft_save(request, key=key, draft=draft)
    return redirect("send_review", key)


def _same(known: Transaction, draft: Draft, currency: str) -> bool:
    asked = (draft.to, parse_amount(draft.amount, currency), draft.note)
    return asked == (str(known.receiver), known.amount_minor, known.note)


@reads
@private_page
def review(request: HttpRequest, key: str) -> HttpResponse:
    """Step two: see it all once more."""
    draft = draft_get(request, key=key)
    if draft is None or not draft.amount:
        messages.error(
            request, _("That transfer is not being filled in any more. Please begin again; nothing was sent.")
        )
        return redirect("send")
    account = account_get_for_user(user=viewer(request), account_id=draft.account)
    if known_transaction(account, key) is not None:
        # Back from the result: what is done is not asked a second time.
        messages.success(request, SENT_BEFORE)
        return redirect(result_address(account.id, key))
    return _review_page(request, key, draft, account)


@dataclass(frozen=True, slots=True)
class _Review:
    account: Account
    receiver: Account
    name: str
    amount_minor: int

    @property
    def balance_after_minor(self) -> int:
        return self.account.balance_minor - self.amount_minor

    @property
    def is_short(self) -> bool:
        return self.amount_minor > self.account.available_minor


def _review_page(request: HttpRequest, key: str, draft: Draft, account: Account) -> HttpResponse:
    receiver = account_get(account_id_read(draft.to))
    amount_minor = parse_amount(draft.amount, account.currency)
    page = {
        "key": key,
        "draft": draft,
        "not_made": "not_made" in request.GET,
        "review": _Review(account, receiver, person_of_account(receiver), amount_minor),
    }
    return render(request, "pages/send-review.html", page)


def _form_again(request: HttpRequest, key: str) -> str:
    """Return the form of a transfer whose draft went away with its session; who pays whom is still known."""
    asked = {name: request.POST.get(name, "") for name in ("account", "to")}
    known = {name: value for name, value in asked.items() if ObjectId.is_valid(value)}
    address = reverse("send_form", args=[key])
    return f"{address}?{urlencode(known)}" if known else address


@sends
@private_action(_form_again)
def confirm(request: HttpRequest, key: str) -> HttpResponse:
    """Step three: move the money, once. When the database does not answer, the page of that failure finds out."""
    limits.hit(request, group=limits.TRANSFER)
    draft = Draft(**{name: request.POST.get(name, "") for name in ("account", "to", "amount", "note")})
    account = account_get_for_owner(account_id=account_id_read(draft.account), owner=viewer(request).pk)
    try:
        if _send(request, draft, key):
            messages.success(request, SENT_BEFORE)
    except IdempotencyKeyReused:
        return _review_as_new(request, draft)
    return redirect(result_address(account.id, key))


def _send(request: HttpRequest, draft: Draft, key: str, *, kind: str = "TRANSFER") -> bool:
    """Send, and return whether that had been done before; a refusal is recorded under the key for the result page."""
    try:
        outcome = transfer_send(
            user=viewer(request),
            from_account=draft.account,
            to_account=draft.to,
            amount=draft.amount,
            key=key,
            note=draft.note,
            type=kind,
            origin=origin(request),
        )
    except (TransferRefused, RetryLimitExceeded, TransactionInProgress):
        return False
    return outcome.replayed


def _review_as_new(request: HttpRequest, draft: Draft) -> HttpResponse:
    key = key_new()
    draft_save(request, key=key, draft=draft)
    messages.error(
        request, _("This form had been used for another transfer. Nothing was sent; please check and confirm.")
    )
    return redirect("send_review", key)


@sends
@private_action(lambda _, transaction_id: reverse("transaction", args=[transaction_id]))
def retry(request: HttpRequest, transaction_id: str) -> HttpResponse:
    """Send a failed transfer again under its own key, from the result, its details or the list of failed ones."""
    limits.hit(request, group=limits.TRANSFER)
    transaction = receipt_for_user(user=viewer(request), transaction_id=transaction_id).transaction
    draft = Draft(
        account=str(transaction.sender),
        to=str(transaction.receiver),
        amount=format_plain(transaction.amount_minor, transaction.currency),
        note=transaction.note,
    )
    try:
        _send(request, draft, transaction.key, kind=transaction.type)
    except TryAgain:
        messages.error(
            request, _("The bank is busy. Nothing has been lost; it is safe to press “Try again” once more.")
        )
    if _WEB_KEY.fullmatch(transaction.key):
        return redirect(result_address(transaction.sender, transaction.key))
    return redirect("transaction", transaction_id)
