"""Let what is new to somebody be read in its order, by an index that takes the place of one without an order."""

from typing import Any

from django.db import migrations

_WITHOUT_ORDER = "unread"


def make(apps: Any, schema_editor: Any) -> None:
    from banking.outbox.records import NOTIFICATIONS
    from banking.schema import schema_apply
    from ledger.store import database

    schema_apply(database())
    notifications = database()[NOTIFICATIONS]
    if _WITHOUT_ORDER in notifications.index_information():
        notifications.drop_index(_WITHOUT_ORDER)


class Migration(migrations.Migration):
    dependencies = [("banking", "0003_webhooks")]
    operations = [migrations.RunPython(make, migrations.RunPython.noop)]
