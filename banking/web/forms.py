"""What people fill in. A form reads and shows; the rules stand in the services, whose sentences it repeats."""

import re
from datetime import UTC, date, datetime, time, timedelta, tzinfo
from typing import Any

from bson.objectid import ObjectId
from django import forms
from django.core.exceptions import ValidationError

from accounts.errors import InvalidFields
from accounts.rules import PASSWORD_SHORTEST
from banking.access import account_id_read
from banking.amounts import amount_hint, plain_amount
from banking.names import accounts_named
from ledger.accounts import accounts_by_ids
from ledger.errors import AccountNotFound, LedgerError
from ledger.history import EntryFilter
from ledger.money import format_for_people, parse_amount, transfer_cap_minor
from ledger.records import ACTIVE, CREDIT, CUSTOMER, DEBIT, Account
from ledger.transfers import MAX_NOTE, note_check

_ZERO = re.compile(r"0+([.,]0*)?", re.ASCII)
MISSING = {"required": "This has to be filled in."}
PASSWORD_RULES = (
    f"At least {PASSWORD_SHORTEST} characters, not only digits, not a common password, unlike your name and e-mail."
)


class RegisterForm(forms.Form):
    """Becoming a customer. What is missing is also the service's to say, so that it is said with all the rest."""

    first_name = forms.CharField(
        label="First name", required=False, widget=forms.TextInput({"autocomplete": "given-name", "required": True})
    )
    last_name = forms.CharField(
        label="Last name", required=False, widget=forms.TextInput({"autocomplete": "family-name", "required": True})
    )
    email = forms.CharField(
        label="E-mail", required=False, widget=forms.EmailInput({"autocomplete": "email", "required": True})
    )
    password = forms.CharField(
        label="Password",
        required=False,
        strip=False,
        help_text=PASSWORD_RULES,
        widget=forms.PasswordInput({"autocomplete": "new-password", "required": True}),
    )
    document = forms.CharField(
        label="CPF or CNPJ",
        required=False,
        help_text="The tax document of a person or a company in Brazil.",
        widget=forms.TextInput({"autocomplete": "off"}),
    )

    def refuse(self, error: InvalidFields) -> None:
        """Show what the service found wrong, each at its field."""
        for name, sentences in error.errors.items():
            self.add_error(name if name in self.fields else None, ValidationError(sentences))


class LoginForm(forms.Form):
    """Signing in."""

    email = forms.CharField(
        label="E-mail",
        error_messages=MISSING,
        widget=forms.EmailInput({"autocomplete": "username"}),
    )
    password = forms.CharField(
        label="Password",
        strip=False,
        error_messages=MISSING,
        widget=forms.PasswordInput({"autocomplete": "current-password"}),
    )


class SendForm(forms.Form):
    """Who gets how much, and a note. The receiver is a person that was chosen or an account number that was typed.

    After it was found valid, `receiver` is the account and `amount_minor` the amount.
    """

    words = forms.CharField(
        label="Name or e-mail",
        required=False,
        widget=forms.TextInput({"autocomplete": "off", "type": "search", "maxlength": 254}),
    )
    person = forms.CharField(required=False, widget=forms.HiddenInput())
    to_account = forms.CharField(
        label="Account number",
        required=False,
        help_text="24 letters and digits, as they stand on the other person's card.",
        widget=forms.TextInput({"autocomplete": "off", "spellcheck": "false", "maxlength": 40}),
    )
    amount = forms.CharField(
        label="Amount",
        error_messages=MISSING,
        widget=forms.TextInput(
            {"autocomplete": "off", "inputmode": "decimal", "placeholder": "0.00", "maxlength": 24}
        ),
    )
    note = forms.CharField(
        label="Note",
        required=False,
        help_text=f"Both of you see it. At most {MAX_NOTE} characters.",
        widget=forms.TextInput({"autocomplete": "off", "maxlength": MAX_NOTE}),
    )

    def __init__(self, *args: Any, account: Account, **values: Any) -> None:
        super().__init__(*args, **values)
        self.account = account
        self.receiver: Account | None = None
        self.amount_minor = 0

    def clean_amount(self) -> str:
        text = str(self.cleaned_data["amount"])
        currency = self.account.currency
        self.amount_minor = _amount_read(text, currency)
        cap = transfer_cap_minor(currency)
        if self.amount_minor > cap:
            raise ValidationError(f"One transfer can be at most {format_for_people(cap, currency)}.")
        return text

    def clean_note(self) -> str:
        text = str(self.cleaned_data["note"])
        return str(_or_refuse(lambda: note_check(text)))

    def clean(self) -> dict[str, Any]:
        """Find the receiver, and refuse what cannot be meant."""
        chosen = str(self.cleaned_data.get("person", ""))
        typed = "".join(str(self.cleaned_data.get("to_account", "")).split())
        if chosen and typed and chosen != typed:
            self.add_error("to_account", "Choose a person or give an account number, not both.")
        elif not chosen and not typed:
            self.add_error("person", "Choose who gets the money, or give an account number.")
        else:
            self._find_receiver("to_account" if typed else "person", typed or chosen)
        if self.account.status != ACTIVE:
            self.add_error(None, "This account cannot send money while it is not active.")
        return self.cleaned_data

    def _find_receiver(self, field: str, number: str) -> None:
        try:
            account = _customer_account(account_id_read(number))
        except AccountNotFound:
            self.add_error(field, "There is no account with this number.")
            return
        if account.id == self.account.id:
            self.add_error(field, "This is the account that pays. Money can only be sent to a different one.")
        elif account.currency != self.account.currency:
            self.add_error(field, f"This account is in {account.currency}; it cannot receive {self.account.currency}.")
        else:
            self.receiver = account


class FilterForm(forms.Form):
    """Which part of the history is wanted."""

    words = forms.CharField(
        label="Search", required=False, widget=forms.TextInput({"type": "search", "placeholder": "Note or name"})
    )
    direction = forms.ChoiceField(
        label="Direction",
        required=False,
        choices=[("", "In and out"), (CREDIT, "Money in"), (DEBIT, "Money out")],
    )
    since = forms.DateField(label="From", required=False, widget=forms.DateInput({"type": "date"}))
    until = forms.DateField(label="To", required=False, widget=forms.DateInput({"type": "date"}))
    least = forms.CharField(label="Minimum amount", required=False, widget=forms.TextInput({"inputmode": "decimal"}))
    most = forms.CharField(label="Maximum amount", required=False, widget=forms.TextInput({"inputmode": "decimal"}))

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
            self.add_error("until", "This day is before the first one. Choose the same day or a later one.")
        least, most = found.get("least"), found.get("most")
        if least and most and least > most:
            self.add_error("most", "This is less than the minimum amount.")
        return found

    def entry_filter(self) -> EntryFilter:
        """Return the filter as the ledger takes it; the form must be valid."""
        found = self.cleaned_data
        words = found["words"]
        return EntryFilter(
            since=self._midnight(found["since"]),
            until=self._midnight(found["until"], days_later=1),
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
        return _amount_read(text, self.account.currency) if text else None

    def _midnight(self, day: date | None, *, days_later: int = 0) -> datetime | None:
        # The calendar has a last day, and some zones lie beyond it.
        if day is None or not date.min < day < date.max - timedelta(days=1):
            return None
        return datetime.combine(day + timedelta(days=days_later), time.min, tzinfo=self.zone).astimezone(UTC)


class ReasonForm(forms.Form):
    """Why an account is frozen or unfrozen; the customer reads it."""

    reason = forms.CharField(
        label="Reason",
        max_length=MAX_NOTE,
        error_messages=MISSING,
        help_text=f"The customer sees it. At most {MAX_NOTE} characters.",
        widget=forms.TextInput({"autocomplete": "off", "maxlength": MAX_NOTE}),
    )


def _customer_account(account_id: ObjectId) -> Account:
    account = accounts_by_ids([account_id]).get(account_id)
    if account is None or account.kind != CUSTOMER:
        raise AccountNotFound
    return account


def _amount_read(text: str, currency: str) -> int:
    """Read an amount as people write it; what programs may not write is explained to people in their own way."""
    plain = plain_amount(text, currency)
    if re.fullmatch(r"[0-9.,\s]*,[0-9.,\s]*", plain):
        raise ValidationError(amount_hint(currency))
    return int(_or_refuse(lambda: parse_amount(plain, currency)))


def _or_refuse(read: Any) -> Any:
    """Read a value with a function of the ledger, whose refusal becomes the field's."""
    try:
        return read()
    except LedgerError as error:
        raise ValidationError(error.message) from error
