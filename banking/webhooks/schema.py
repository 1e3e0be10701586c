"""Collection, validator and indexes of webhooks: five for an owner, each address once, whatever the services do."""

from typing import Any

from pymongo import ASCENDING, IndexModel

from banking.webhooks.addresses import LONGEST
from banking.webhooks.records import ACTIVE, DISABLED, EVENTS, MOST_OF_OWNER, WEBHOOKS

_FIELDS: dict[str, dict[str, Any]] = {
    "_id": {"bsonType": "objectId"},
    "owner": {"bsonType": "objectId"},
    "slot": {"bsonType": "long", "minimum": 1, "maximum": MOST_OF_OWNER},
    "url": {"bsonType": "string", "pattern": "^https?://[!-~]+$", "maxLength": LONGEST},
    # As Fernet writes it: a secret that was not sealed is refused.
    "secret": {"bsonType": "string", "pattern": "^gAAAAA[A-Za-z0-9_-]+=*$"},
    "events": {"bsonType": "array", "items": {"enum": list(EVENTS)}, "minItems": 1, "uniqueItems": True},
    "state": {"enum": [ACTIVE, DISABLED]},
    "reason": {"bsonType": "string", "maxLength": 300},
    "created_at": {"bsonType": "date"},
}

VALIDATORS: dict[str, dict[str, Any]] = {
    WEBHOOKS: {"$jsonSchema": {"required": list(_FIELDS), "properties": _FIELDS, "additionalProperties": False}}
}
INDEXES: dict[str, list[IndexModel]] = {
    WEBHOOKS: [
        IndexModel([("owner", ASCENDING), ("slot", ASCENDING)], unique=True, name="some_per_owner"),
        IndexModel([("owner", ASCENDING), ("url", ASCENDING)], unique=True, name="one_per_owner_and_address"),
    ]
}

# What the bank's own credentials may do to it.
PRIVILEGES: dict[str, tuple[str, ...]] = {WEBHOOKS: ("find", "insert", "update", "remove")}
