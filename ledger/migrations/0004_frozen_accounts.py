"""Let the owners of frozen accounts be found by an index."""

from typing import Any

from django.db import migrations


def run(apps: Any, schema_editor: Any) -> None:
    from ledger.schema import schema_apply
    from ledger.store import database

    schema_apply(database())


class Migration(migrations.Migration):
    dependencies = [("ledger", "0003_proof")]
    operations = [migrations.RunPython(run, migrations.RunPython.noop)]
