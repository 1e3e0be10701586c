"""What the templates need to show deliveries and the bell."""

import structlog
from django import template
from django.utils.translation import gettext_lazy as _
from pymongo.errors import PyMongoError

from accounts.models import User
from banking.outbox.records import DELIVERED, PENDING, Delivery
from banking.selectors.notifications import MOST_COUNTED, Unread, unread_of
from banking.web.webhook_forms import EVENT_NAMES

register = template.Library()

_CONSUMERS = {"notification": _("Notification"), "email": _("E-mail"), "webhook": _("Webhook")}

_log = structlog.get_logger(__name__)


@register.inclusion_tag("components/bell.html")
def bell(user: User, here: str) -> dict[str, object]:
    """Show the bell with how much is new to somebody; no page is lost because this cannot be counted."""
    try:
        unread = unread_of(user)
    except PyMongoError as error:
        _log.warning("bell_not_counted", error=type(error).__name__)
        unread = Unread(0, "")
    return bell_of(unread, here)


@register.inclusion_tag("components/bell.html")
def bell_of(unread: Unread, here: str) -> dict[str, object]:
    """Show the bell with what was counted already."""
    shown = f"{MOST_COUNTED}+" if unread.count > MOST_COUNTED else str(unread.count)
    return {"unread": unread, "shown": shown, "is_here": here == "notifications"}


@register.filter
def event_name(event: str) -> str:
    """Return what a kind of event is to people; one without a name is shown as it is."""
    return str(EVENT_NAMES.get(event, event))


@register.filter
def consumer_name(consumer: str) -> str:
    """Return what delivers events in this way to people; one without a name is shown as it is."""
    return str(_CONSUMERS.get(consumer, consumer.title()))


@register.filter
def call_state(delivery: Delivery) -> str:
    """Return what the badge of a delivery says: also whether it was tried before, and whether it was sent at all."""
    if delivery.state == PENDING:
        return "RETRYING" if delivery.attempts else "WAITING"
    # With a note it is done because nobody wanted it any more.
    return "DROPPED" if delivery.state == DELIVERED and delivery.last_error else delivery.state
