"""The example of the documentation checks what the bank signs, and nothing else."""

import http.client
import json
import re
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from banking.web.webhook_forms import EVENT_NAMES
from banking.webhooks.signing import secret_make, signed_headers
from config.embedded import free_port

PAGE = (Path(__file__).resolve().parents[2] / "docs" / "webhooks.md").read_text()
EXAMPLES = re.findall(r"```python\n(.*?)```", PAGE, re.S)


@pytest.fixture
def read_call() -> Callable[..., Any]:
    """The function that stands in the documentation."""
    names: dict[str, Any] = {}
    exec(EXAMPLES[0], names)  # noqa: S102 - our own page
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


def test_the_server_takes_a_call_of_the_bank_and_refuses_another(tmp_path: Path) -> None:
    secret, body, port = secret_make(), b'{"type":"webhook.test"}', free_port()
    (tmp_path / "calls.py").write_text(EXAMPLES[0])
    (tmp_path / "receiver.py").write_text(EXAMPLES[1].replace("9000", str(port)))
    signed = signed_headers(secret=secret, call="1", at=int(time.time()), body=body)
    with subprocess.Popen(
        [sys.executable, "receiver.py", secret],
        cwd=tmp_path,
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        text=True,
    ) as server:
        try:
            assert [answer(port, body, headers) for headers in (signed, {}, {**signed, "webhook-id": "2"})] == [
                204,
                400,
                400,
            ]
        finally:
            server.kill()
        assert server.stdout is not None
        assert server.stdout.readline() == "{'type': 'webhook.test'}\n"


def answer(port: int, body: bytes, headers: dict[str, str]) -> int:
    """Post to a server that may still be starting and return its status."""
    ends = time.monotonic() + 20
    while True:
        connection = http.client.HTTPConnection("127.0.0.1", port, timeout=10)
        try:
            connection.request("POST", "/", body, headers)
            return connection.getresponse().status
        except ConnectionRefusedError:
            assert time.monotonic() < ends
            time.sleep(0.05)
        finally:
            connection.close()


def test_every_kind_of_event_is_described() -> None:
    assert set(re.findall(r"`((?:transaction|account|webhook)\.[a-z]+)`", PAGE)) == set(EVENT_NAMES)
