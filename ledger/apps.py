"""The ledger as a Django app: it takes Django's connection and migrations, and no model."""

from typing import Any

from django.apps import AppConfig
from django.db.models.signals import post_migrate


class LedgerConfig(AppConfig):
    name = "ledger"

    def ready(self) -> None:
        post_migrate.connect(_open_books, sender=self)


def _open_books(**_: Any) -> None:
    """A currency that a bank begins to offer gets its system account with the next `migrate`."""
    from ledger.schema import books_open
    from ledger.store import database

    books_open(database())
