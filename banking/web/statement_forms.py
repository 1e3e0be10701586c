"""Which days a statement is wanted of."""

from datetime import date
from typing import Any

from django import forms
from django.core.exceptions import ValidationError
from django.utils.translation import gettext_lazy as _
from django.utils.translation import pgettext_lazy

from banking.statements.periods import EARLIEST, LATEST, OWN, THIS_MONTH, Period, period_named

# What the fields are called in the address; the first is a word of Python's.
_NAMES = {"since": "from", "until": "to"}


class PeriodForm(forms.Form):
    """The first and the last day, both in the period.

    Args:
        values: the address's; `period` in them may name a period instead of days.
        today: where the reader is.
    """

    since = forms.DateField(
        label=pgettext_lazy("day", "From"),
        error_messages={"required": _("Choose the first day.")},
        widget=forms.DateInput({"type": "date", "min": EARLIEST.isoformat(), "max": LATEST.isoformat()}),
    )
    until = forms.DateField(
        label=pgettext_lazy("day", "To"),
        error_messages={"required": _("Choose the last day.")},
        widget=forms.DateInput({"type": "date", "min": EARLIEST.isoformat(), "max": LATEST.isoformat()}),
    )

    def __init__(self, values: Any, *, today: date) -> None:
        self.name = values.get("period") or (OWN if "from" in values or "to" in values else THIS_MONTH)
        named = period_named(self.name, today=today)
        if named is not None:
            values = {"from": named.first.isoformat(), "to": named.last.isoformat()}
        super().__init__(values)

    def add_prefix(self, field_name: str) -> str:
        return _NAMES.get(field_name, field_name)

    def clean(self) -> dict[str, Any]:
        """Refuse what is no period, at the field where it could be one."""
        found = self.cleaned_data
        for name in _NAMES:
            day = found.get(name)
            if day is not None and not EARLIEST <= day <= LATEST:
                self.add_error(name, ValidationError(_("Choose a day from the years 1900 to 2999.")))
        since, until = found.get("since"), found.get("until")
        if since and until and since > until:
            self.add_error(
                "until", ValidationError(_("This day is before the first one. Choose the same day or a later one."))
            )
        return found

    @property
    def period(self) -> Period:
        """The days; the form must be valid."""
        return Period(self.cleaned_data["since"], self.cleaned_data["until"])
