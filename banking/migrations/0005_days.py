"""Make the collection of days with its validator."""

from typing import Any

from django.db import migrations


def make(apps: Any, schema_editor: Any) -> None:
    from banking.schema import schema_apply
    from ledger.store import database

    schema_apply(database())


class Migration(migrations.Migration):
    dependencies = [("banking", "0004_unread_notifications")]
    operations = [migrations.RunPython(make, migrations.RunPython.noop)]
