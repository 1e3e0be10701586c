"""Who is told of events."""

from banking.outbox.consumers import Consumer
from banking.outbox.mail import Mail
from banking.outbox.notifications import Notifications

CONSUMERS: tuple[Consumer, ...] = (Notifications(), Mail())
