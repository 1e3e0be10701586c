"""Domain events: what consumers outside the transfer (notifications, exports) read, committed with what they tell.

Ids are made in order by each process and the account's own order is in the payload's `seq`, so that a consumer can
keep the order per account.
"""

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any

from bson.objectid import ObjectId

TRANSACTION_COMPLETED, TRANSACTION_FAILED = "transaction.completed", "transaction.failed"
ACCOUNT_OPENED = "account.opened"


def event_document(
    *, type: str, at: datetime, accounts: Sequence[ObjectId], subject: ObjectId, payload: Mapping[str, Any]
) -> dict[str, Any]:
    """Return an event about `subject` (a transaction or an account) that concerns `accounts`."""
    return {
        "_id": ObjectId(),
        "type": type,
        "at": at,
        "accounts": list(accounts),
        "subject": subject,
        "payload": dict(payload),
    }
