"""Requests as they come over the wire: strange charsets, bodies in chunks, wrong hosts."""

import http.client
import json
from contextlib import suppress
from typing import Any

import pytest
from django.conf import settings

from accounts.models import User
from accounts.tokens import pair_issue
from tests.servers import Server


def ask(server: Server, method: str, path: str, body: Any = None, **headers: str) -> tuple[int, bytes, Any]:
    connection = http.client.HTTPConnection("127.0.0.1", server.port, timeout=30)
    sent = {name.replace("_", "-"): value for name, value in headers.items()}
    # Who is refused in the middle of a long body cannot send the rest of it, and can still read why.
    with suppress(BrokenPipeError, ConnectionResetError):
        connection.request(method, path, body, sent, encode_chunked=True)
    response = connection.getresponse()
    return response.status, response.read(), response.headers


@pytest.mark.parametrize(
    "charset", ["hex", "base64", "rot13", "punycode", "undefined", "raw_unicode_escape", "utf-16"]
)
@pytest.mark.parametrize("path", ["/?a=1", "/login?next=a", "/nope?a=%5Cud800", "/api/nope?a=1"])
def test_a_charset_of_the_clients_choice_is_not_believed(server: Server, charset: str, path: str) -> None:
    status, _, headers = ask(server, "GET", path, Content_Type=f"text/plain; charset={charset}")
    assert status == (404 if "nope" in path else 200)
    assert "api" in path or headers["Content-Security-Policy"]


def test_a_body_in_chunks_is_read(server: Server, owner: User) -> None:
    headers = {"Authorization": f"Bearer {pair_issue(user=owner).access}", "Content_Type": "application/json"}
    chunks = iter([b'{"curr', b'ency": "USD"}'])
    status, body, _ = ask(server, "POST", "/api/accounts", chunks, Transfer_Encoding="chunked", **headers)
    assert status == 201
    assert json.loads(body)["account"]["currency"] == "USD"


def test_a_huge_body_in_chunks_is_refused(server: Server, owner: User) -> None:
    headers = {"Authorization": f"Bearer {pair_issue(user=owner).access}", "Content_Type": "application/json"}
    # One byte more than is read, because what the server leaves unread may cost us its answer.
    chunks = iter([b"[", b" " * (settings.DATA_UPLOAD_MAX_MEMORY_SIZE or 0)])
    status, body, _ = ask(server, "POST", "/api/accounts", chunks, Transfer_Encoding="chunked", **headers)
    assert (status, json.loads(body)["code"]) == (413, "payload_too_large")


def test_a_wrong_host_is_a_plain_refusal(server: Server) -> None:
    status, body, _ = ask(server, "GET", "/api/auth/me", Host="evil.example")
    assert (status, json.loads(body)["code"]) == (400, "bad_request")
    assert ask(server, "GET", "/login", Host="evil.example")[0] == 400


def test_answers_of_the_api_are_kept_by_no_cache_and_describe_nothing(server: Server) -> None:
    assert ask(server, "GET", "/api/auth/me")[2]["Cache-Control"] == "no-store"
    assert ask(server, "OPTIONS", "/api/auth/login")[0] == 405
