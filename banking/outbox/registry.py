"""Who is told of events."""

from banking.outbox.consumers import Consumer
from banking.outbox.mail import Mail
from banking.outbox.notifications import Notifications
from banking.outbox.webhooks import Webhooks

CONSUMERS: tuple[Consumer, ...] = (Notifications(), Mail(), Webhooks())
