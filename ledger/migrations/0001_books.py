"""Make the ledger's collections, validators, indexes and system accounts."""

from typing import Any

from django.db import migrations


def make(apps: Any, schema_editor: Any) -> None:
    from ledger.schema import schema_apply, system_accounts_ensure
    from ledger.store import database

    schema_apply(database())
    system_accounts_ensure(database())


class Migration(migrations.Migration):
    initial = True
    # Money is never dropped by unapplying a migration.
    operations = [migrations.RunPython(make, migrations.RunPython.noop)]
