"""Browser sessions are no cache any more: `accounts` keeps them (`accounts.session_records`)."""

from typing import Any

from django.db import migrations

COLLECTION = "cache_sessions"


def drop(apps: Any, schema_editor: Any) -> None:
    schema_editor.connection.database.drop_collection(COLLECTION)


def make(apps: Any, schema_editor: Any) -> None:
    schema_editor.connection.database[COLLECTION].create_index("expires_at", name="expires_at_1", expireAfterSeconds=0)


class Migration(migrations.Migration):
    dependencies = [("florin", "0001_cache_expiry")]
    operations = [migrations.RunPython(drop, make)]
