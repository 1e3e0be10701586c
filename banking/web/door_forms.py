"""What people fill in to come in: becoming a customer and signing in; and what all such forms repeat."""

from datetime import UTC, datetime, timedelta, tzinfo

from django import forms
from django.core.exceptions import ValidationError
from django.template.loader import render_to_string
from django.utils.functional import lazy
from django.utils.safestring import SafeString
from django.utils.translation import gettext_lazy as _
from django.utils.translation import ngettext

from accounts.errors import InvalidFields
from accounts.models import EMAIL_LENGTH, NAME_LENGTH
from accounts.rules import PASSWORD_SHORTEST
from banking.errors import RateLimited
from banking.web.forms import MISSING


def _password_rules() -> SafeString:
    return render_to_string("components/password-rules.html", {"shortest": PASSWORD_SHORTEST})


# What a password has to be, told before one fails; in the language of whoever reads it.
password_rules = lazy(_password_rules, SafeString)


class RefusableForm(forms.Form):
    """A form that repeats what a service or a limit refuses."""

    # Seconds until it may be sent again, when a limit refused it.
    retry_after = 0

    def refuse(self, error: InvalidFields) -> None:
        """Show what the service found wrong, each at its field."""
        for name, sentences in error.errors.items():
            self.add_error(name if name in self.fields else None, ValidationError(sentences))

    def refuse_for_now(self, error: RateLimited, *, zone: tzinfo | None) -> None:
        """Say when it may be sent again.

        Args:
            error: of the limit.
            zone: the reader's, None while it is unknown.
        """
        at = datetime.now(zone or UTC) + timedelta(seconds=error.retry_after)
        # The next whole minute: at the one before it would be refused once more.
        again = (at + timedelta(seconds=59)).strftime("%H:%M") + ("" if zone else " UTC")
        minutes = max(1, -(-error.retry_after // 60))
        sentence = ngettext(
            "One moment, please: there were too many attempts. You can try again in %(minutes)d minute, at %(time)s.",
            "One moment, please: there were too many attempts. You can try again in %(minutes)d minutes, at %(time)s.",
            minutes,
        )
        self.add_error(None, sentence % {"minutes": minutes, "time": again})
        self.retry_after = max(1, error.retry_after)


class RegisterForm(RefusableForm):
    """Becoming a customer. What is missing is also the service's to say, so that it is said with all the rest."""

    first_name = forms.CharField(
        label=_("First name"),
        required=False,
        widget=forms.TextInput({"autocomplete": "given-name", "maxlength": NAME_LENGTH, "required": True}),
    )
    last_name = forms.CharField(
        label=_("Last name"),
        required=False,
        widget=forms.TextInput({"autocomplete": "family-name", "maxlength": NAME_LENGTH}),
    )
    email = forms.CharField(
        label=_("E-mail"),
        required=False,
        widget=forms.EmailInput({"autocomplete": "email", "maxlength": EMAIL_LENGTH, "required": True}),
    )
    # No `maxlength` on passwords: it would cut a pasted one without a word.
    password = forms.CharField(
        label=_("Password"),
        required=False,
        strip=False,
        help_text=password_rules(),
        widget=forms.PasswordInput({"autocomplete": "new-password", "required": True}),
    )
    document = forms.CharField(
        label=_("CPF or CNPJ"),
        required=False,
        help_text=_("The tax document of a person or a company in Brazil."),
        widget=forms.TextInput({"autocomplete": "off", "maxlength": 40}),
    )


class LoginForm(RefusableForm):
    """Signing in."""

    email = forms.CharField(
        label=_("E-mail"),
        error_messages=MISSING,
        # Where password managers look for whom a password belongs to.
        widget=forms.EmailInput({"autocomplete": "username", "maxlength": EMAIL_LENGTH}),
    )
    password = forms.CharField(
        label=_("Password"),
        strip=False,
        error_messages=MISSING,
        widget=forms.PasswordInput({"autocomplete": "current-password"}),
    )
