"""What administrators fill in to find people, transactions and audit records."""

from datetime import UTC, tzinfo
from typing import Any

from bson.objectid import ObjectId
from django import forms
from django.conf import settings
from django.core.exceptions import ValidationError
from django.utils.translation import gettext_lazy as _
from django.utils.translation import pgettext_lazy

from accounts.errors import UserNotFound
from accounts.selectors import user_by_email, user_get
from banking.amounts import amount_read
from banking.selectors.directory import ADMINS, EVERYBODY, WITH_FROZEN
from banking.selectors.sides import Side
from banking.selectors.transfers import sides_meant
from banking.web.days import midnight
from banking.web.deeds import ACTIONS
from ledger.errors import AmountInvalid
from ledger.listings import Bounds
from ledger.money import offered_currencies
from ledger.records import COMPLETED, FAILED, PENDING, PROCESSING, REVERSED, Account
from ledger.trail import AuditFilter

_NO_ID = _("This is not a number of this bank. They have 24 letters and digits.")


class DaysForm(forms.Form):
    """A filter with two days, which begin and end at midnight where the reader is."""

    since = forms.DateField(
        label=pgettext_lazy("day", "From"), required=False, widget=forms.DateInput({"type": "date"})
    )
    until = forms.DateField(label=pgettext_lazy("day", "To"), required=False, widget=forms.DateInput({"type": "date"}))

    def __init__(self, *args: Any, zone: tzinfo | None, **values: Any) -> None:
        super().__init__(*args, **values)
        self.zone = zone or UTC

    def clean(self) -> dict[str, Any]:
        """Refuse a range that ends before it begins, at the day where it ends."""
        found = self.cleaned_data
        since, until = found.get("since"), found.get("until")
        if since and until and since > until:
            self.add_error("until", _("This day is before the first one. Choose the same day or a later one."))
        return found

    @property
    def days(self) -> dict[str, Any]:
        """The moments `since` and `until`; the form must be valid."""
        found = self.cleaned_data
        return {
            "since": midnight(found["since"], self.zone),
            "until": midnight(found["until"], self.zone, days_later=1),
        }

    @property
    def is_used(self) -> bool:
        """Whether any filter is set."""
        return any(self.data.get(name) for name in self.fields)


class TransferFilterForm(DaysForm):
    """Which transfers are wanted.

    After it was found valid, `side` is the account whose transfers are wanted, and `sides` are those among which one
    has to be chosen because several were meant.
    """

    who = forms.CharField(
        label=_("Account or person"),
        required=False,
        widget=forms.TextInput({"type": "search", "maxlength": 254, "placeholder": _("Number, name or e-mail")}),
    )
    status = forms.ChoiceField(
        label=_("Status"),
        required=False,
        choices=[
            ("", _("Any status")),
            (COMPLETED, _("Completed")),
            (FAILED, _("Failed")),
            (PENDING, _("Pending")),
            (PROCESSING, _("Processing")),
            (REVERSED, _("Reversed")),
        ],
    )
    least = forms.CharField(
        label=_("Minimum amount"), required=False, widget=forms.TextInput({"inputmode": "decimal", "maxlength": 24})
    )
    most = forms.CharField(
        label=_("Maximum amount"), required=False, widget=forms.TextInput({"inputmode": "decimal", "maxlength": 24})
    )
    currency = forms.ChoiceField(label=_("Currency"), required=False)

    def __init__(self, *args: Any, **values: Any) -> None:
        super().__init__(*args, **values)
        offered = [(currency, currency) for currency in offered_currencies()]
        self.fields["currency"] = forms.ChoiceField(
            label=_("Currency"), required=False, choices=[("", _("Any currency")), *offered]
        )
        self.side: Side | None = None
        self.sides: list[Side] = []

    def clean_who(self) -> str:
        words = str(self.cleaned_data["who"])
        if not words:
            return words
        self.sides = sides_meant(words)
        if not self.sides:
            raise ValidationError(
                _("Nobody with an account was found. Give the number of an account, or the beginning of a name.")
            )
        if len(self.sides) == 1:
            self.side = self.sides[0]
        return words

    def clean(self) -> dict[str, Any]:
        """Read the amounts in the currency they are meant in."""
        found = super().clean()
        for name in ("least", "most"):
            if found.get(name):
                self._read_amount(name, str(found[name]))
        least, most = found.get("least"), found.get("most")
        if isinstance(least, int) and isinstance(most, int) and least > most:
            self.add_error("most", _("This is less than the minimum amount."))
        return found

    def _read_amount(self, name: str, text: str) -> None:
        try:
            self.cleaned_data[name] = amount_read(text, self._currency)
        except AmountInvalid as error:
            self.add_error(name, error.message)

    @property
    def _currency(self) -> str:
        """The chosen currency, else the account's, else the bank's own."""
        account = self.account
        own = settings.DEFAULT_CURRENCY if account is None else account.currency
        return str(self.cleaned_data.get("currency") or own)

    @property
    def account(self) -> Account | None:
        """The account whose transfers are wanted."""
        return None if self.side is None else self.side.account

    @property
    def has_to_choose(self) -> bool:
        """Whether several accounts are meant."""
        return len(self.sides) > 1

    @property
    def is_narrowed(self) -> bool:
        """Whether days or amounts are set."""
        return any(self.data.get(name) for name in ("since", "until", "least", "most", "currency"))

    @property
    def bounds(self) -> Bounds:
        """The filter as the ledger takes it; the form must be valid."""
        found = self.cleaned_data
        least, most = found["least"] or None, found["most"] or None
        currency = self._currency if least or most else found["currency"] or None
        return Bounds(currency=currency, min_minor=least, max_minor=most, **self.days)


class DeedFilterForm(DaysForm):
    """Which audit records are wanted."""

    action = forms.ChoiceField(label=_("What was done"), required=False)
    actor = forms.CharField(
        label=_("Who did it"),
        required=False,
        widget=forms.TextInput({"type": "search", "maxlength": 254, "placeholder": _("E-mail")}),
    )
    subject = forms.CharField(
        label=_("To what"),
        required=False,
        widget=forms.TextInput({"type": "search", "maxlength": 40, "spellcheck": "false", "placeholder": _("Number")}),
    )

    def __init__(self, *args: Any, **values: Any) -> None:
        super().__init__(*args, **values)
        named = [(action, names[0]) for action, names in ACTIONS.items()]
        self.fields["action"] = forms.ChoiceField(
            label=_("What was done"), required=False, choices=[("", _("Anything")), *named]
        )

    def clean_actor(self) -> ObjectId | None:
        text = str(self.cleaned_data["actor"])
        if not text:
            return None
        try:
            found: ObjectId = (user_get(text) if ObjectId.is_valid(text) else user_by_email(email=text)).pk
        except UserNotFound as error:
            raise ValidationError(_("Nobody has this e-mail address. Give the whole of it.")) from error
        return found

    def clean_subject(self) -> ObjectId | None:
        text = "".join(str(self.cleaned_data["subject"]).split())
        if text and (len(text) != 24 or not ObjectId.is_valid(text)):
            raise ValidationError(_NO_ID)
        return ObjectId(text) if text else None

    @property
    def is_narrowed(self) -> bool:
        """Whether days or a number are set."""
        return any(self.data.get(name) for name in ("since", "until", "subject"))

    @property
    def wanted(self) -> AuditFilter:
        """The filter as the ledger takes it; the form must be valid."""
        found = self.cleaned_data
        return AuditFilter(action=found["action"] or None, actor=found["actor"], subject=found["subject"], **self.days)


class PeopleFilterForm(forms.Form):
    """Which people are wanted. Nothing that is typed is wrong: it finds nobody."""

    words = forms.CharField(required=False)
    show = forms.ChoiceField(
        label=_("Show"),
        required=False,
        choices=[
            (EVERYBODY, _("Everybody")),
            (WITH_FROZEN, _("Frozen accounts")),
            (ADMINS, _("Administrators")),
        ],
    )
