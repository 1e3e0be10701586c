"""The page about the API: all of it, from the description, under the policy of every page."""

import re
import shlex
from html import unescape

from django.conf import settings

from banking.api.schema import schema
from banking.openapi.reading import Endpoint, Reader
from banking.openapi.refusals import all_kinds
from tests.web.visitor import Visitor


def html_of(address: str) -> str:
    return str(Visitor().get(address).response.content.decode())


def test_it_has_every_address_and_every_code(bank_db: object) -> None:
    text = unescape(html_of("/api/docs"))
    for path, methods in schema()["paths"].items():
        assert f">{path}</code>" in text
        for operation in methods.values():
            assert f'id="operation-{operation["operationId"]}"' in text
    for kind in all_kinds():
        assert f">{kind.code}</code></td>" in text
        assert kind.message in text


def test_it_says_who_may_what_is_needed_and_what_is_refused(bank_db: object) -> None:
    groups = Reader(schema(), "https://bank.example").groups()
    send = next(one for group in groups for one in group.endpoints if one.name == "sendMoney")
    assert (send.method, send.path, send.who) == ("POST", "/api/transactions", "owner")
    assert [field.name for field in send.fields if field.needed] == ["fromAccount", "toAccount", "amount"]
    assert [answer.status for answer in send.answers] == ["201", "200"]
    assert ("insufficient_funds", "There is not enough money in the account.") in refused(send)["422"]
    wallet = next(one for group in groups for one in group.endpoints if one.path == "/api/v1/account/transfer")
    assert "422" not in refused(wallet)
    assert ("insufficient_funds", "Insufficient balance") in refused(wallet)["400"]


def refused(endpoint: Endpoint) -> dict[str, list[tuple[str, str]]]:
    return {one.status: one.codes for one in endpoint.refusals}


def test_its_commands_are_commands(bank_db: object) -> None:
    for group in Reader(schema(), "https://bank.example").groups():
        for one in group.endpoints:
            words = shlex.split(one.curl.replace("\\\n", ""))
            assert words[0] == "curl"
            assert any(word.startswith("https://bank.example/") and "{" not in word for word in words)
            assert ("Authorization: Bearer $TOKEN" in words) == (not one.who.startswith("anyone"))


def test_it_keeps_the_policy_of_every_page(bank_db: object) -> None:
    text = html_of("/api/docs")
    policy = Visitor().get("/api/docs").response.headers["Content-Security-Policy"]
    assert policy == Visitor().get("/login").response.headers["Content-Security-Policy"]
    assert "unsafe" not in policy
    assert re.findall(r"<script(?![^>]*\bsrc=)|\sstyle=|\son\w+=", text) == []
    assert settings.STATIC_URL in text
