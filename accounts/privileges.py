"""What the application's role in the database may do to the collections of this app, and no more.

People are never removed: the books and the audit log name them.
"""

PRIVILEGES: dict[str, tuple[str, ...]] = {
    "accounts_users": ("find", "insert", "update"),
    "accounts_revoked_tokens": ("find", "insert", "update"),
    "accounts_sessions": ("find", "insert", "update", "remove"),
}
