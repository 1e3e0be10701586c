"""Bring the collections of an existing ledger up to date. A new ledger begins this way."""

from typing import Any

from django.db import migrations
from pymongo.database import Database


def convert(database: Database[dict[str, Any]]) -> None:
    """Bring a ledger of the second form into the present one."""
    from ledger.schema import schema_apply

    schema_apply(database)


def run(apps: Any, schema_editor: Any) -> None:
    from ledger.store import database

    convert(database())


class Migration(migrations.Migration):
    dependencies = [("ledger", "0002_credits_and_counters")]
    operations = [migrations.RunPython(run, migrations.RunPython.noop)]
