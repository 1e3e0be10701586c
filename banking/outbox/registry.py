"""Who is told of events."""

from banking.outbox.consumers import Consumer
from banking.outbox.notifications import Notifications

CONSUMERS: tuple[Consumer, ...] = (Notifications(),)
