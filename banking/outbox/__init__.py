"""What the bank tells the world outside a transfer: notifications, e-mails, webhooks.

Events are committed with the transfer (`ledger.events`). `relay` turns each into deliveries exactly once, in the order
of the commits; `dispatch` hands the deliveries of each stream to their consumer at least once and in order.
"""
