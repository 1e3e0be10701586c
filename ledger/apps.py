"""The ledger as a Django app: it takes Django's connection and migrations, and no model."""

from typing import Any

from django.apps import AppConfig
from django.db.models.signals import post_migrate


class LedgerConfig(AppConfig):
    name = "ledger"

    def ready(self) -> None:
        # Without a sender: Django sends it for apps with models alone, and this one has none. It comes several times.
        post_migrate.connect(_open_books)


def _open_books(**_: Any) -> None:
    """A currency that a bank begins to offer gets its system account with the next `migrate`."""
    from ledger.schema import books_open
    from ledger.store import ACCOUNTS, database

    # Somebody may migrate another app alone, before there is a ledger.
    if database().list_collection_names(filter={"name": ACCOUNTS}):
        books_open(database())
