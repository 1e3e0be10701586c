"""What people fill in about themselves."""

from typing import Any

from django import forms
from django.utils.translation import gettext_lazy as _

from accounts.models import NAME_LENGTH, User
from banking.web.door_forms import RefusableForm, password_rules
from banking.web.forms import MISSING


class NameForm(RefusableForm):
    """One's names. Each is sent with what it was on the page, so that only what was changed there is changed."""

    first_name = forms.CharField(
        label=_("First name"),
        required=False,
        show_hidden_initial=True,
        widget=forms.TextInput({"autocomplete": "given-name", "maxlength": NAME_LENGTH, "required": True}),
    )
    last_name = forms.CharField(
        label=_("Last name"),
        required=False,
        show_hidden_initial=True,
        widget=forms.TextInput({"autocomplete": "family-name", "maxlength": NAME_LENGTH}),
    )

    @classmethod
    def of(cls, user: User) -> "NameForm":
        """Return the form as it stands on the page before anything is filled in."""
        return cls(initial={"first_name": user.first_name, "last_name": user.last_name})

    def changes(self) -> dict[str, Any]:
        """Return the names that were changed on the page."""
        return {name: self.cleaned_data[name] for name in self.changed_data}


class PasswordForm(RefusableForm):
    """A new password, with the one until now."""

    current_password = forms.CharField(
        label=_("Current password"),
        strip=False,
        error_messages=MISSING,
        widget=forms.PasswordInput({"autocomplete": "current-password"}),
    )
    password = forms.CharField(
        label=_("New password"),
        strip=False,
        error_messages=MISSING,
        help_text=password_rules(),
        widget=forms.PasswordInput({"autocomplete": "new-password"}),
    )
