"""Make the collections of the outbox, and write down where the relay begins.

From here on every event is delivered, also what happens before the first worker starts.
"""

from typing import Any

from django.db import migrations


def make(apps: Any, schema_editor: Any) -> None:
    from banking.outbox.schema import outbox_open
    from banking.schema import schema_apply
    from ledger.store import database

    schema_apply(database())
    outbox_open(database())


class Migration(migrations.Migration):
    dependencies = [("banking", "0001_payment_runs")]
    operations = [migrations.RunPython(make, migrations.RunPython.noop)]
