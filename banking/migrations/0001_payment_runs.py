"""Make the collections of payment runs with their validators and indexes."""

from typing import Any

from django.db import migrations


def make(apps: Any, schema_editor: Any) -> None:
    from banking.schema import schema_apply
    from ledger.store import database

    schema_apply(database())


class Migration(migrations.Migration):
    initial = True
    # What was paid is never dropped by unapplying a migration.
    operations = [migrations.RunPython(make, migrations.RunPython.noop)]
