"""The parts that the API is told in, by how its addresses begin."""

_GROUPS = (
    ("/api/auth/", "Signing in"),
    ("/api/users", "People"),
    ("/api/accounts", "Accounts"),
    ("/api/transactions", "Moving money"),
    ("/transfer", "Moving money"),
    ("/api/admin/", "For administrators"),
    ("/api/v1/", "The wallet contract"),
    ("", "The service itself"),
)
GROUPS = tuple(dict.fromkeys(title for _, title in _GROUPS))


def group_of(path: str) -> str:
    """Return the group of an address."""
    return next(title for beginning, title in _GROUPS if path.startswith(beginning))
