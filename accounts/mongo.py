"""The way from this app to collections that the ORM does not manage."""

from typing import Any, cast

from django.db import connections
from pymongo.collection import Collection

Document = dict[str, Any]


def raw_collection(name: str) -> Collection[Document]:
    """Return a collection of the project's database.

    It is looked up at every call: a collection kept from import time would belong to another database in tests.
    """
    connection = cast(Any, connections["default"])
    return cast(Collection[Document], connection.database[name])
