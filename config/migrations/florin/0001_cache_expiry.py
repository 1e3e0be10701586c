"""The TTL indexes of the two cache collections (`CACHES` in the settings)."""

from typing import Any

from django.db import migrations

COLLECTIONS = ("cache_counters", "cache_sessions")
INDEX = "expires_at_1"


def create_indexes(apps: Any, schema_editor: Any) -> None:
    for name in COLLECTIONS:
        schema_editor.connection.database[name].create_index("expires_at", name=INDEX, expireAfterSeconds=0)


def drop_indexes(apps: Any, schema_editor: Any) -> None:
    for name in COLLECTIONS:
        schema_editor.connection.database[name].drop_index(INDEX)


class Migration(migrations.Migration):
    initial = True
    dependencies = ()
    operations = [migrations.RunPython(create_indexes, drop_indexes)]
