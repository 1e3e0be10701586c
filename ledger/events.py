"""Domain events: what consumers outside the transfer (notifications, exports) are told.

An event is an audit record that names it in `event`: both say what happened, to which subject and accounts, and when,
and both are committed with it. So it is written once. The record's `details` hold the payload; the place of each entry
on its account (`seq`) lets a consumer keep the order per account.
"""

TRANSACTION_COMPLETED, TRANSACTION_FAILED = "transaction.completed", "transaction.failed"
ACCOUNT_OPENED = "account.opened"
