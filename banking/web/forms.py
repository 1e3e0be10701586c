"""What people fill in. A form reads and shows; the rules stand in the services, whose sentences it repeats."""

import re
from datetime import UTC, tzinfo
from typing import Any

from django import forms
from django.core.exceptions import ValidationError
from django.utils.text import format_lazy
from django.utils.translation import gettext_lazy as _
from django.utils.translation import pgettext_lazy

from banking.amounts import amount_locale, amount_read, amount_written
from banking.names import accounts_named
from banking.templatetags.florin import as_money
from banking.web.days import midnight
from banking.web.receivers import ReceiverRefused, account_number, receiver_find
from ledger.errors import LedgerError
from ledger.history import EntryFilter
from ledger.money import decimals, transfer_cap_minor
from ledger.records import ACTIVE, CREDIT, DEBIT, Account
from ledger.transfers import MAX_NOTE, note_check

_ZERO = re.compile(r"0+([.,]0*)?", re.ASCII)
MISSING = {"required": _("This has to be filled in.")}


class SendForm(forms.Form):
    """Who gets how much, and a note. The receiver is a person that was chosen or an account number that was typed.

    After it was found valid, `receiver` is the account and `amount_minor` the amount.
    """

    words = forms.CharField(
        label=_("To: name or e-mail"),
        required=False,
        widget=forms.TextInput({"autocomplete": "off", "type": "search", "maxlength": 254}),
    )
    person = forms.CharField(required=False, widget=forms.HiddenInput())
    to_account = forms.CharField(
        label=_("Account number"),
        required=False,
        help_text=_("24 letters and digits, as they stand on the other person's card."),
        widget=forms.TextInput({"autocomplete": "off", "spellcheck": "false", "maxlength": 40}),
    )
    amount = forms.CharField(
        label=_("Amount"),
        error_messages=MISSING,
        widget=forms.TextInput({"autocomplete": "off", "inputmode": "decimal", "maxlength": 24}),
    )
    note = forms.CharField(
        label=_("Note"),
        required=False,
        help_text=format_lazy(_("Both of you see it. At most {most} characters."), most=MAX_NOTE),
        widget=forms.TextInput({"autocomplete": "off", "maxlength": MAX_NOTE}),
    )

    def __init__(self, *args: Any, account: Account, **values: Any) -> None:
        super().__init__(*args, **values)
        self.account = account
        self.receiver: Account | None = None
        self.amount_minor = 0
        self.cap_minor = transfer_cap_minor(account.currency)
        self._show_how_amounts_are_written()

    def _show_how_amounts_are_written(self) -> None:
        currency = self.account.currency
        self.fields["amount"].help_text = _("At most %(most)s in one transfer.") % {
            "most": as_money(self.cap_minor, currency)
        }
        # The script groups what was typed, and tells what is above the limit or the balance before it is sent.
        self.fields["amount"].widget.attrs |= {
            "placeholder": amount_written(0, currency),
            "data-amount": amount_locale(currency),
            "data-decimals": decimals(currency),
        }

    def clean_amount(self) -> str:
        text = str(self.cleaned_data["amount"])
        self.amount_minor = int(_or_refuse(lambda: amount_read(text, self.account.currency)))
        if self.amount_minor > self.cap_minor:
            amount, most = (as_money(minor, self.account.currency) for minor in (self.amount_minor, self.cap_minor))
            sentence = _("This is %(amount)s. One transfer can be at most %(most)s: send less, or send it in parts.")
            raise ValidationError(sentence % {"amount": amount, "most": most})
        return text

    def clean_note(self) -> str:
        text = str(self.cleaned_data["note"])
        return str(_or_refuse(lambda: note_check(text)))

    def clean(self) -> dict[str, Any]:
        """Find the receiver, and refuse what cannot be meant."""
        chosen = str(self.cleaned_data.get("person", ""))
        typed = account_number(str(self.cleaned_data.get("to_account", "")))
        if chosen and typed and chosen != typed:
            self.add_error("to_account", _("Choose a person or give an account number, not both."))
        elif not chosen and not typed:
            self.add_error("person", _("Choose who gets the money, or give an account number."))
        else:
            self._find_receiver("to_account" if typed else "person", typed or chosen)
        if self.account.status != ACTIVE:
            self.add_error(None, _("This account cannot send money while it is not active."))
        return self.cleaned_data

    def _find_receiver(self, field: str, number: str) -> None:
        try:
            self.receiver = receiver_find(account=self.account, number=number)
        except ReceiverRefused as refusal:
            self.add_error(field, str(refusal))


class FilterForm(forms.Form):
    """Which part of the history is wanted."""

    words = forms.CharField(
        label=_("Search"),
        required=False,
        widget=forms.TextInput({"type": "search", "placeholder": _("Note or name")}),
    )
    direction = forms.ChoiceField(
        label=_("Direction"),
        required=False,
        choices=[("", _("In and out")), (CREDIT, _("Money in")), (DEBIT, _("Money out"))],
    )
    since = forms.DateField(
        label=pgettext_lazy("day", "From"), required=False, widget=forms.DateInput({"type": "date"})
    )
    until = forms.DateField(label=pgettext_lazy("day", "To"), required=False, widget=forms.DateInput({"type": "date"}))
    least = forms.CharField(
        label=_("Minimum amount"), required=False, widget=forms.TextInput({"inputmode": "decimal"})
    )
    most = forms.CharField(label=_("Maximum amount"), required=False, widget=forms.TextInput({"inputmode": "decimal"}))

    def __init__(self, *args: Any, account: Account, zone: tzinfo | None, **values: Any) -> None:
        super().__init__(*args, **values)
        self.account = account
        self.zone = zone or UTC

    def clean_least(self) -> int | None:
        # From nothing on is no minimum.
        return None if _ZERO.fullmatch(str(self.cleaned_data["least"])) else self._amount("least")

    def clean_most(self) -> int | None:
        return self._amount("most")

    def clean(self) -> dict[str, Any]:
        """Refuse ranges that end before they begin, at the field where they end."""
        found = self.cleaned_data
        since, until = found.get("since"), found.get("until")
        if since and until and since > until:
            self.add_error("until", _("This day is before the first one. Choose the same day or a later one."))
        least, most = found.get("least"), found.get("most")
        if least and most and least > most:
            self.add_error("most", _("This is less than the minimum amount."))
        return found

    def entry_filter(self) -> EntryFilter:
        """Return the filter as the ledger takes it; the form must be valid."""
        found = self.cleaned_data
        words = found["words"]
        return EntryFilter(
            since=midnight(found["since"], self.zone),
            until=midnight(found["until"], self.zone, days_later=1),
            direction=found["direction"] or None,
            min_minor=found["least"],
            max_minor=found["most"],
            words=words or None,
            counterparties=accounts_named(words) if words else None,
        )

    @property
    def is_used(self) -> bool:
        """Whether any filter is set."""
        return any(self.data.get(name) for name in self.fields)

    @property
    def is_narrowed(self) -> bool:
        """Whether dates or amounts are set."""
        return any(self.data.get(name) for name in ("since", "until", "least", "most"))

    def _amount(self, name: str) -> int | None:
        text = str(self.cleaned_data[name])
        return int(_or_refuse(lambda: amount_read(text, self.account.currency))) if text else None


class ReasonForm(forms.Form):
    """Why an account is frozen or unfrozen; the customer reads it."""

    reason = forms.CharField(
        label=_("Reason"),
        max_length=MAX_NOTE,
        error_messages=MISSING,
        help_text=format_lazy(_("The customer sees it. At most {most} characters."), most=MAX_NOTE),
        widget=forms.TextInput({"autocomplete": "off", "maxlength": MAX_NOTE}),
    )


def _or_refuse(read: Any) -> Any:
    """Read a value with a function of the ledger, whose refusal becomes the field's."""
    try:
        return read()
    except LedgerError as error:
        raise ValidationError(error.message) from error
