"""The example of the documentation checks what the bank signs, and nothing else."""

import json
import re
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from banking.web.webhook_forms import EVENT_NAMES
from banking.webhooks.signing import secret_make, signed_headers

PAGE = (Path(__file__).resolve().parents[2] / "docs" / "webhooks.md").read_text()


@pytest.fixture
def read_call() -> Callable[..., Any]:
    """The function that stands in the documentation."""
    (source,) = re.findall(r"```python\n(.*?)```", PAGE, re.S)
    names: dict[str, Any] = {}
    exec(source, names)  # noqa: S102 - our own page
    found: Callable[..., Any] = names["read_call"]
    return found


def test_it_reads_a_call_of_the_bank_and_refuses_every_other(read_call: Callable[..., Any]) -> None:
    secret, body = secret_make(), b'{"id":"1","amount":"\xe2\x82\xb91"}'
    now = int(time.time())
    headers = signed_headers(secret=secret, call="1:webhook:2", at=now, body=body)
    assert read_call(secret, headers, body) == json.loads(body)
    for forged in (
        (secret_make(), headers, body),
        (secret, headers, body.replace(b"1", b"2")),
        (secret, {**headers, "webhook-id": "2"}, body),
        (secret, {**headers, "webhook-timestamp": str(now + 1)}, body),
        (secret, signed_headers(secret=secret, call="1", at=now - 301, body=body), body),
    ):
        with pytest.raises(ValueError, match=r"too old|not signed"):
            read_call(*forged)


def test_every_kind_of_event_is_described() -> None:
    assert set(re.findall(r"`((?:transaction|account|webhook)\.[a-z]+)`", PAGE)) == set(EVENT_NAMES)
