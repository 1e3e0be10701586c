"""The rules for people that the database itself enforces, and the collection of revoked tokens.

The validator says what a stored person looks like whoever writes it: an upper-case address, a role that does not
exist or a document with punctuation is refused even when the write goes round the model.
"""

from typing import Any

from django.db import migrations

USERS = "accounts_users"
REVOKED_TOKENS = "accounts_revoked_tokens"
EXPIRY_INDEX = "expires_at_1"

VALIDATOR = {
    "$jsonSchema": {
        "bsonType": "object",
        "required": [
            "email",
            "first_name",
            "last_name",
            "password",
            "role",
            "is_system",
            "is_active",
            "created_at",
            "search_names",
        ],
        "properties": {
            # Upper-case letters of any script are the model's affair: JSON schema can name only these.
            "email": {"bsonType": "string", "maxLength": 254, "pattern": r"^[^\sA-Z@]+@[^\sA-Z@]+$"},
            "first_name": {"bsonType": "string", "minLength": 1, "maxLength": 60},
            "last_name": {"bsonType": "string", "minLength": 0, "maxLength": 60},
            "document": {"bsonType": ["string", "null"], "pattern": "^([0-9]{11}|[0-9A-Z]{12}[0-9]{2})$"},
            "password": {"bsonType": "string", "minLength": 1},
            "role": {"enum": ["USER", "ADMIN"]},
            "is_system": {"bsonType": "bool"},
            "is_active": {"bsonType": "bool"},
            "created_at": {"bsonType": "date"},
            "last_login": {"bsonType": ["date", "null"]},
            "search_names": {"bsonType": "array", "maxItems": 2, "items": {"bsonType": "string", "minLength": 1}},
        },
    }
}


def set_validator(apps: Any, schema_editor: Any) -> None:
    schema_editor.connection.database.command(
        "collMod", USERS, validator=VALIDATOR, validationLevel="strict", validationAction="error"
    )


def remove_validator(apps: Any, schema_editor: Any) -> None:
    schema_editor.connection.database.command("collMod", USERS, validator={}, validationLevel="off")


def make_revoked_tokens(apps: Any, schema_editor: Any) -> None:
    # A token that has expired is refused for that alone, so its revocation may be forgotten.
    collection = schema_editor.connection.database[REVOKED_TOKENS]
    collection.create_index("expires_at", name=EXPIRY_INDEX, expireAfterSeconds=0)


def drop_revoked_tokens(apps: Any, schema_editor: Any) -> None:
    schema_editor.connection.database.drop_collection(REVOKED_TOKENS)


class Migration(migrations.Migration):
    dependencies = [("accounts", "0001_initial")]
    operations = [
        migrations.RunPython(set_validator, remove_validator),
        migrations.RunPython(make_revoked_tokens, drop_revoked_tokens),
    ]
