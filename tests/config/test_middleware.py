"""The client's own address: from the connection, and from a header only behind a proxy that is trusted."""

import pytest
from django.http import HttpRequest, HttpResponse
from django.test import RequestFactory
from pytest_django import Settings

from config.middleware import ClientAddressMiddleware, client_address

PROXY, CLIENT, LIAR = "10.0.0.1", "203.0.113.7", "198.51.100.9"


def address_seen(remote: str, forwarded: str | None) -> str:
    """Return the address that a view sees."""
    seen: list[str] = []

    def view(request: HttpRequest) -> HttpResponse:
        seen.append(request.META["REMOTE_ADDR"])
        return HttpResponse()

    request = RequestFactory().get("/", REMOTE_ADDR=remote)
    if forwarded is not None:
        request.META["HTTP_X_FORWARDED_FOR"] = forwarded
    ClientAddressMiddleware(view)(request)
    return seen[0]


@pytest.fixture
def proxies(settings: Settings) -> None:
    """A network of trusted proxies."""
    settings.TRUSTED_PROXIES = ["10.0.0.0/8", "fd00::/8"]


@pytest.mark.parametrize("forwarded", [None, "", CLIENT, f"{CLIENT}, {PROXY}"])
def test_nobody_is_believed_by_default(settings: Settings, forwarded: str | None) -> None:
    settings.TRUSTED_PROXIES = []
    assert address_seen(LIAR, forwarded) == LIAR
    assert address_seen(PROXY, forwarded) == PROXY


@pytest.mark.parametrize(
    ("remote", "forwarded", "seen"),
    [
        (PROXY, CLIENT, CLIENT),
        (PROXY, f"{CLIENT}, 10.9.9.9", CLIENT),
        (PROXY, f" {CLIENT} ,10.9.9.9 , ", CLIENT),
        ("fd00::1", "2001:db8::7", "2001:db8::7"),
        ("fd00::1", f"::ffff:{CLIENT}", CLIENT),
        # What stands left of the first stranger was written by that stranger.
        (PROXY, f"{LIAR}, {CLIENT}", CLIENT),
        (PROXY, f"{LIAR}, 10.1.1.1, {CLIENT}, 10.2.2.2", CLIENT),
        # Somebody who comes without a proxy may claim anything.
        (CLIENT, LIAR, CLIENT),
        (CLIENT, f"{LIAR}, {PROXY}", CLIENT),
        # What is no address is not taken for one, nor what stands left of it.
        (PROXY, "unknown", PROXY),
        (PROXY, f"{LIAR}, nonsense", PROXY),
        (PROXY, "10.3.3.3, <script>, 10.4.4.4", "10.4.4.4"),
        (PROXY, "", PROXY),
        # A chain of proxies only: the farthest one asks for itself.
        (PROXY, "10.3.3.3, 10.4.4.4", "10.3.3.3"),
    ],
)
def test_header_is_read_from_the_right(proxies: None, remote: str, forwarded: str, seen: str) -> None:
    assert client_address(remote, forwarded) == seen
    assert address_seen(remote, forwarded) == seen


@pytest.mark.parametrize(
    ("remote", "seen"),
    [(f"::ffff:{CLIENT}", CLIENT), ("fe80::1%eth0", "fe80::1"), ("2001:db8::7", "2001:db8::7"), ("what", "what")],
)
def test_an_address_has_one_form(remote: str, seen: str) -> None:
    assert address_seen(remote, None) == seen


def test_a_proxy_is_known_through_a_socket_for_both_kinds(proxies: None) -> None:
    assert address_seen(f"::ffff:{PROXY}", CLIENT) == CLIENT


def test_missing_address_stays_missing(proxies: None) -> None:
    assert address_seen("", CLIENT) == ""
