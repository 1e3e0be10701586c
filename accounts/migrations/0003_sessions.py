"""The collection of browser sessions, and what a person's document says about sign-ins and language.

Sessions used to lie in a cache under their keys (the project's own migration removes that one), so people sign in
again once. Tokens stay good: a person begins at epoch nought, which no stamp mentions.
"""

import importlib
from typing import Any

from django.db import migrations, models
from pymongo import ASCENDING, DESCENDING

USERS = "accounts_users"
SESSIONS = "accounts_sessions"
EXPIRY_INDEX = "expires_at_1"
OF_A_PERSON_INDEX = "user_1_seen_at_-1"

# A module whose name begins with a digit cannot be imported by a statement.
BEFORE = importlib.import_module("accounts.migrations.0002_database_rules").VALIDATOR
_EPOCH = {"bsonType": ["int", "long"], "minimum": 0}
USER_VALIDATOR = {
    "$jsonSchema": {
        **BEFORE["$jsonSchema"],
        "properties": {
            **BEFORE["$jsonSchema"]["properties"],
            "language": {"bsonType": "string", "maxLength": 10, "pattern": "^([a-z]{2,3}(-[a-z0-9]{2,8})?)?$"},
            "session_epoch": _EPOCH,
            "token_epoch": _EPOCH,
        },
    }
}

_DATE = {"bsonType": "date"}
_FIELDS = {
    # A digest, never the key itself.
    "_id": {"bsonType": "string", "pattern": "^[0-9a-f]{64}$"},
    "value": {"bsonType": "string"},
    "user": {"bsonType": ["objectId", "null"]},
    "stamp": {"bsonType": ["string", "null"]},
    "signed_in_at": {"bsonType": ["date", "null"]},
    "seen_at": _DATE,
    "expires_at": _DATE,
    "address": {"bsonType": "string", "maxLength": 64},
    "agent": {"bsonType": "string", "maxLength": 400},
}
SESSION_VALIDATOR = {
    "$and": [
        {"$jsonSchema": {"required": list(_FIELDS), "properties": _FIELDS, "additionalProperties": False}},
        # Whoever it belongs to, it says under which stamp and since when.
        {"$or": [{"user": None}, {"stamp": {"$type": "string"}, "signed_in_at": {"$type": "date"}}]},
    ]
}


def set_user_validator(apps: Any, schema_editor: Any) -> None:
    _user_validator(schema_editor, USER_VALIDATOR)


def restore_user_validator(apps: Any, schema_editor: Any) -> None:
    _user_validator(schema_editor, BEFORE)


def _user_validator(schema_editor: Any, validator: dict[str, Any]) -> None:
    schema_editor.connection.database.command(
        "collMod", USERS, validator=validator, validationLevel="strict", validationAction="error"
    )


def make_sessions(apps: Any, schema_editor: Any) -> None:
    database = schema_editor.connection.database
    if SESSIONS not in database.list_collection_names():
        database.create_collection(SESSIONS)
    database.command(
        "collMod", SESSIONS, validator=SESSION_VALIDATOR, validationLevel="strict", validationAction="error"
    )
    database[SESSIONS].create_index("expires_at", name=EXPIRY_INDEX, expireAfterSeconds=0)
    database[SESSIONS].create_index([("user", ASCENDING), ("seen_at", DESCENDING)], name=OF_A_PERSON_INDEX)


def drop_sessions(apps: Any, schema_editor: Any) -> None:
    schema_editor.connection.database.drop_collection(SESSIONS)


class Migration(migrations.Migration):
    dependencies = [("accounts", "0002_database_rules")]
    operations = [
        migrations.AddField("user", "language", models.CharField(blank=True, default="", max_length=10)),
        migrations.AddField("user", "session_epoch", models.PositiveIntegerField(default=0, editable=False)),
        migrations.AddField("user", "token_epoch", models.PositiveIntegerField(default=0, editable=False)),
        migrations.RunPython(set_user_validator, restore_user_validator),
        migrations.RunPython(make_sessions, drop_sessions),
    ]
