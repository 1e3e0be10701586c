"""Make the ledger's collections, validators and indexes, and what every ledger begins with."""

from typing import Any

from django.db import migrations


def make(apps: Any, schema_editor: Any) -> None:
    from ledger.schema import books_open, schema_apply
    from ledger.store import database

    schema_apply(database())
    books_open(database())


class Migration(migrations.Migration):
    initial = True
    # Money is never dropped by unapplying a migration.
    operations = [migrations.RunPython(make, migrations.RunPython.noop)]
