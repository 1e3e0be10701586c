"""A primary that stops with its connections open: whoever waits for it is freed long before a request's deadline."""

import time
from typing import Any

import pytest
from pymongo import MongoClient
from pymongo.errors import AutoReconnect

from config.embedded_access import HOST
from config.settings import DATABASES
from config.uris import uri_with, user_of
from tests.failover.replica import ReplicaSet

pytestmark = pytest.mark.timeout(60)

# A heartbeat, the time to connect and half a second until the driver looks; the driver's own default makes it eleven.
FREED_SECONDS = 5.5


def test_a_read_that_hangs_on_a_silent_primary_is_freed(replica_set: ReplicaSet) -> None:
    options = {**DATABASES["default"]["OPTIONS"], "retryReads": False}
    primary = replica_set.wait_for_primary()
    admin = user_of(replica_set.uris.admin)
    assert admin
    uri = uri_with(f"mongodb://{HOST}:{primary.own_port}/", admin)
    with MongoClient[dict[str, Any]](uri, directConnection=True, **options) as client:
        client.bank.accounts.find_one()
        primary.pause()
        began = time.monotonic()
        with pytest.raises(AutoReconnect):
            client.bank.accounts.find_one()
        assert time.monotonic() - began < FREED_SECONDS
