"""What the templates need to show deliveries and the bell."""

from django import template

from banking.outbox.records import DELIVERED, PENDING, Delivery
from banking.web.webhook_forms import EVENT_NAMES

register = template.Library()


@register.filter
def event_name(event: str) -> str:
    """Return what a kind of event is to people; one without a name is shown as it is."""
    return EVENT_NAMES.get(event, event)


@register.filter
def call_state(delivery: Delivery) -> str:
    """Return what the badge of a delivery says: also whether it was tried before, and whether it was sent at all."""
    if delivery.state == PENDING:
        return "RETRYING" if delivery.attempts else "WAITING"
    # With a note it is done because nobody wanted it any more.
    return "DROPPED" if delivery.state == DELIVERED and delivery.last_error else delivery.state
