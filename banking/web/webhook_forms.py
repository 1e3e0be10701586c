"""What people fill in to have their own server called."""

from django import forms
from django.utils.translation import gettext_lazy as _

from banking.web.forms import MISSING
from banking.webhooks.addresses import LONGEST
from banking.webhooks.records import EVENTS

# What each kind of event is to people.
EVENT_NAMES = {
    "transaction.completed": _("Money sent or received"),
    "transaction.failed": _("A transfer failed"),
    "account.activated": _("An account was activated"),
    "account.frozen": _("An account was frozen"),
    "account.unfrozen": _("An account was unfrozen"),
    "account.closed": _("An account was closed"),
    "webhook.test": _("A test"),
}


class WebhookForm(forms.Form):
    """Where to call, and for what."""

    url = forms.CharField(
        label=_("Address"),
        error_messages=MISSING,
        max_length=LONGEST,
        help_text=_("Of your own server, with https. The bank sends a POST with JSON there."),
        widget=forms.URLInput(
            {"autocomplete": "off", "spellcheck": "false", "placeholder": "https://example.com/florin"}
        ),
    )
    events = forms.MultipleChoiceField(
        label=_("Events"),
        choices=[(name, EVENT_NAMES[name]) for name in EVENTS],
        initial=list(EVENTS),
        error_messages={"required": _("Choose at least one kind of event.")},
    )

    @property
    def chosen(self) -> list[str]:
        """The kinds of events that are ticked."""
        return list(self["events"].value() or [])
