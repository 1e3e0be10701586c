"""Webhooks: a customer's own server is told what happens on the customer's accounts.

`addresses` decides where the bank may call, `calls` calls there and nowhere else, `signing` lets the receiver know who
called, `records` is how registered addresses are kept. Which call is due, and when again, is the outbox's to say.
"""
