"""Let a counter of one process go below zero, where it takes back what another one has counted."""

from typing import Any

from django.db import migrations


def run(apps: Any, schema_editor: Any) -> None:
    from ledger.schema import schema_apply
    from ledger.store import database

    schema_apply(database())


class Migration(migrations.Migration):
    dependencies = [("ledger", "0005_accounts_by_state")]
    operations = [migrations.RunPython(run, migrations.RunPython.noop)]
