"""Made-up accounts, movements and forms for the style page; nothing here is in the database."""

from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from typing import Any

from bson.objectid import ObjectId
from django import forms
from django.contrib.messages import constants
from django.contrib.messages.storage.base import Message

from banking.selectors.activity import Line
from banking.selectors.notifications import Unread
from banking.web.figures import balance_chart, months_chart
from ledger.history import MonthFlow
from ledger.records import ACTIVE, COMPLETED, CREDIT, CUSTOMER, DEBIT, FAILED, FROZEN, Account

_ID = ObjectId("674091c25be08f3d12a7c459")
_AT = datetime(2026, 4, 14, 18, 5, tzinfo=UTC)
_ACCOUNT = Account(
    id=_ID,
    kind=CUSTOMER,
    owner=None,
    currency="INR",
    status=ACTIVE,
    status_reason="",
    balance_minor=1_204_050,
    held_minor=0,
    overdraft_minor=0,
    credits_minor=0,
    seq=1,
    created_at=_AT,
)
_LINE = Line(
    transaction=_ID,
    direction=CREDIT,
    amount_minor=25_075,
    currency="INR",
    balance_after_minor=1_204_050,
    counterparty="Bruno Costa",
    note="Dinner",
    created_at=_AT,
    status=COMPLETED,
)


class SampleForm(forms.Form):
    """One field of each kind."""

    name = forms.CharField(label="Name", initial="Asha Rao")
    email = forms.EmailField(label="E-mail", help_text="Where letters of the bank go.", required=False)
    password = forms.CharField(
        label="Password", widget=forms.PasswordInput({"autocomplete": "off"}), help_text="At least 6 characters."
    )
    amount = forms.CharField(label="Amount", widget=forms.TextInput({"placeholder": "0.00", "inputmode": "decimal"}))
    currency = forms.ChoiceField(label="Currency", choices=[("INR", "INR"), ("EUR", "EUR")])
    words = forms.CharField(label="Words", required=False, widget=forms.TextInput({"type": "search"}))


def samples(theme: str) -> dict[str, Any]:
    """Return what the components show in one theme; ids carry its name, as the page has every component twice."""
    euros = replace(_ACCOUNT, id=ObjectId("674091c25be08f3d12a7c45a"), currency="EUR", balance_minor=9_900)
    return {
        "account": _ACCOUNT,
        "frozen": replace(_ACCOUNT, status=FROZEN),
        "accounts": [_ACCOUNT, euros],
        "received": _LINE,
        "sent": replace(_LINE, direction=DEBIT, counterparty="Chitra Iyer", note=""),
        "failed": replace(_LINE, direction=DEBIT, status=FAILED, counterparty="Somebody with a very long name indeed"),
        "chart": balance_chart(_balances(), begins=date.min, currency="INR"),
        "months_chart": months_chart(_months(), currency="INR"),
        "form": SampleForm(auto_id=f"{theme}_%s"),
        "wrong": _wrong(theme),
        "said": Message(constants.SUCCESS, "Your changes are saved."),
        "refused": Message(constants.ERROR, "This account is frozen, so nothing was sent."),
        "none": Unread(0, ""),
        "some": Unread(3, ""),
        "value": str(_ID),
        "at": _AT,
    }


def _balances() -> list[tuple[date, int]]:
    moves = [0, 25_000, 25_000, 90_000, 65_000, 65_000, 140_000, 120_000, 120_000, 204_050]
    return [(_AT.date() + timedelta(days=number), 1_000_000 + move) for number, move in enumerate(moves)]


def _months() -> list[MonthFlow]:
    months = range(1, 13)
    return [MonthFlow(date(2026, month, 1), 5_000 * (month % 5 + 2), 4_000 * (month % 4 + 1)) for month in months]


def _wrong(theme: str) -> SampleForm:
    """Return a form that was sent empty, so that its fields say what is wrong."""
    form = SampleForm({"email": "nobody"}, auto_id=f"{theme}_wrong_%s")
    form.is_valid()
    return form
