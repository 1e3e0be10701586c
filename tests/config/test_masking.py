"""No log line holds a secret, an address, or a document, whatever was logged."""

import json
import logging
import sys
from typing import Any

import pytest
import structlog
from bson.errors import InvalidDocument
from bson.objectid import ObjectId
from django.db import IntegrityError
from pymongo.errors import BulkWriteError, DuplicateKeyError

from config.logs import _formatter
from config.masking import LONGEST_TEXT, MASK, MOST_ITEMS, error_text, masked, plain_text, plain_value

TOKEN = "eyJhbGciOiJIUzI1NiJ9.eyJ1c2VyIjoiNjU2NSJ9.c2lnbmF0dXJl"


@pytest.mark.parametrize(
    "name",
    [
        *("password", "new_password", "accessToken", "refresh_token", "secret", "SECRET_KEY", "authorization"),
        *("Cookie", "set-cookie", "session_key", "email", "e_mail", "note", "key", "idempotency_key", "query", "body"),
    ],
)
def test_a_value_under_the_name_of_a_secret_is_masked(name: str) -> None:
    assert masked(None, "info", {"event": "x", name: "open sesame"}) == {"event": "x", name: MASK}


@pytest.mark.parametrize("name", ["event", "actor", "ms", "route", "run", "monkey", "address"])
def test_other_names_are_not(name: str) -> None:
    assert masked(None, "info", {name: "plain"}) == {name: "plain"}


@pytest.mark.parametrize(
    ("text", "left"),
    [
        ("mail to olivia@example.com, please", f"mail to {MASK}, please"),
        (f"Bearer {TOKEN}", f"Bearer {MASK}"),
        ("no secret", "no secret"),
        ("x" * 1_000, "x" * LONGEST_TEXT + "…"),
    ],
)
def test_addresses_and_tokens_are_cut_out_of_any_text(text: str, left: str) -> None:
    assert plain_text(text) == left


def test_the_password_of_a_connection_string_is_cut_out() -> None:
    assert "hunter2" not in plain_text("mongodb+srv://florin:hunter2@db1.example:27017/?replicaSet=rs0")


def test_what_is_no_plain_value_is_named_by_its_type() -> None:
    one = ObjectId()
    assert [plain_value(value) for value in (1, 2.5, True, None, one)] == [1, 2.5, True, None, str(one)]
    assert [plain_value(value) for value in ({"note": "x"}, {1}, b"x")] == ["<dict>", "<set>", "<bytes>"]
    assert plain_value(["relay", {"note": "x"}, *range(50)])[:3] == ["relay", "<dict>", 0]
    assert len(plain_value(list(range(50)))) == MOST_ITEMS


_DOCUMENT = {"note": "for the flat", "email": "olivia@example.com"}


@pytest.mark.parametrize(
    ("error", "text"),
    [
        (DuplicateKeyError(f"E11000 {_DOCUMENT}", 11000, _DOCUMENT), "DuplicateKeyError: code 11000"),
        (
            BulkWriteError({"writeErrors": [{"code": 121, "errmsg": "x", "op": _DOCUMENT}]}),
            "BulkWriteError: code 121",
        ),
        (InvalidDocument(f"Invalid document {_DOCUMENT}"), "InvalidDocument"),
        (ValueError("invalid literal for int(): 'for the flat'"), f"ValueError: invalid literal for int(): {MASK}"),
        (KeyError("balance_minor"), "KeyError: 'balance_minor'"),
        (RuntimeError(), "RuntimeError"),
    ],
)
def test_an_error_is_told_without_what_it_quotes(error: BaseException, text: str) -> None:
    assert error_text(error) == text


def _wrapped_by_the_orm() -> None:
    try:
        raise DuplicateKeyError(f"E11000 dup key {_DOCUMENT}", 11000, _DOCUMENT)
    except DuplicateKeyError as error:
        raise IntegrityError(f"dup key {_DOCUMENT}") from error


def _line(record: logging.LogRecord) -> dict[str, Any]:
    text = _formatter(as_json=True).format(record)
    assert "\n" not in text
    assert "for the flat" not in text
    assert "olivia" not in text
    found: dict[str, Any] = json.loads(text)
    return found


def _record(name: str, message: str, *arguments: Any, **more: Any) -> logging.LogRecord:
    record = logging.LogRecord(name, logging.ERROR, __file__, 1, message, arguments, None)
    record.__dict__.update(more)
    return record


def test_a_traceback_has_frames_and_causes_but_no_document() -> None:
    try:
        _wrapped_by_the_orm()
    except IntegrityError:
        line = _line(_record("somewhere", "broken", exc_info=sys.exc_info()))
    first, *rest = line["exception"].split("\n")
    assert first == "IntegrityError: code 11000"
    assert "Caused by DuplicateKeyError: code 11000" in rest
    assert any("in _wrapped_by_the_orm: raise DuplicateKeyError" in frame for frame in rest)


def test_django_tells_of_a_crash_without_the_address() -> None:
    path = "/api/transactions/by-key/65/for the flat"
    line = _line(_record("django.request", "%s: %s", "Internal Server Error", path, status_code=500))
    assert (line["event"], line["status"], line["level"]) == ("request_crashed", 500, "error")


def test_a_503_is_no_crash() -> None:
    line = _line(_record("django.request", "%s: %s", "Service Unavailable", "/readyz", status_code=503))
    assert (line["event"], line["status"], line["level"]) == ("request_put_off", 503, "warning")


def test_django_tells_of_a_strange_host_without_its_name() -> None:
    line = _line(_record("django.security.DisallowedHost", "Invalid HTTP_HOST header: %r.", "for the flat"))
    assert (line["event"], line["kind"]) == ("request_suspicious", "DisallowedHost")


def test_lines_of_other_libraries_pass_the_same_mask() -> None:
    assert _line(_record("urllib3", "sent to %s", "olivia@example.com"))["event"] == f"sent to {MASK}"


def test_our_own_lines_pass_it_too(capsys: pytest.CaptureFixture[str]) -> None:
    handler = logging.StreamHandler(sys.stdout)
    handler.setFormatter(_formatter(as_json=True))
    logger = logging.getLogger("tests.masking")
    logger.addHandler(handler)
    try:
        structlog.get_logger("tests.masking").error("broken", email="olivia@example.com", shown=1)
    finally:
        logger.removeHandler(handler)
    line = json.loads(capsys.readouterr().out)
    assert (line["event"], line["email"], line["shown"]) == ("broken", MASK, 1)
