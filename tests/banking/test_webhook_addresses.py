"""Where the bank calls, and where nobody gets it to: its own machine and network, however they are written."""

import socket
import threading
import time
from collections.abc import Callable
from typing import Any

import pytest
from pytest_django.fixtures import Settings

from banking.errors import WebhookAddressRefused
from banking.webhooks.addresses import LONGEST, NOT_PUBLIC, addresses_of, target_read

Meaning = Callable[..., None]


@pytest.fixture(autouse=True)
def closed(settings: Settings) -> None:
    """Open no network, as it is by default."""
    settings.WEBHOOK_ALLOWED_NETWORKS = []


@pytest.fixture
def means(monkeypatch: pytest.MonkeyPatch) -> Meaning:
    """Let every name stand for these network addresses: `means("10.0.0.1")`."""

    def mean(*addresses: str) -> None:
        def look_up(host: str, port: int, **_: Any) -> list[Any]:
            return [(0, 0, 0, "", (address, port)) for address in addresses]

        monkeypatch.setattr(socket, "getaddrinfo", look_up)

    return mean


def refused(url: object) -> str:
    """Return why an address is refused; it must be."""
    with pytest.raises(WebhookAddressRefused) as error:
        addresses_of(target_read(url), seconds=2)
    return error.value.message


@pytest.mark.parametrize(
    ("url", "kept"),
    [
        ("https://example.com", "https://example.com/"),
        ("HTTPS://Example.COM:443/A?b=C", "https://example.com/A?b=C"),
        ("https://example.com:8443/hook", "https://example.com:8443/hook"),
        (" https://xn--bcher-kva.example/x ", "https://xn--bcher-kva.example/x"),
        ("https://[2606:4700:0::1111]/", "https://[2606:4700::1111]/"),
        ("https://example.com?token=1", "https://example.com/?token=1"),
    ],
)
def test_a_good_address_is_kept_in_one_form(url: str, kept: str) -> None:
    assert target_read(url).url == kept
    assert target_read(kept).url == kept


@pytest.mark.parametrize(
    "url",
    [
        *[
            "",
            "   ",
            None,
            5,
            {"$ne": ""},
            ["https://example.com"],
            "example.com",
            "//example.com",
            "https://",
            "https:///x",
        ],
        *["ftp://example.com", "file:///etc/passwd", "javascript:alert(1)", "gopher://example.com", "data:,x"],
        *["https://user:password@example.com", "https://user@example.com", "https://example.com@10.0.0.1/"],
        *["https://example.com:22/", "https://example.com:25", "https://example.com:0", "https://example.com:99999"],
        *["https://example.com:x", "https://example.com:-1", "https://example.com/#part", "https://example.com\\@x/"],
        *[
            "https://example.com/a b",
            "https://example.com/\r\nX-Evil: 1",
            "https://example.com/\n?x",
            "https://ex\tample.com",
        ],
        *[
            "https://example.com/\x00",
            "https://example.com\r\nHost: x/",
            "https://bücher.example",
            "https://①②⑦.0.0.1",
        ],
        *[
            "https://-example.com",
            "https://example..com",
            "https://.example.com",
            "https://example.com./",
            "https://[::1",
        ],
        *[
            "https://[fe80::1%25eth0]/",
            "https://2130706433",
            "https://0177.0.0.1",
            "https://0x7f.0.0.1",
            "https://127.1",
        ],
        *["https://0x7f000001", "https://1.2.3.4.5", "https://256.1.1.1", "https://example.0x7f", "https://010.8.8.8"],
        "https://example.com/" + "a" * LONGEST,
        "https://example.com?" + "a" * (LONGEST - len("https://example.com?")),
        "https://" + "a" * 64 + ".com",
    ],
)
def test_what_is_not_a_plain_address_is_refused_before_anything_is_looked_up(url: object) -> None:
    with pytest.raises(WebhookAddressRefused) as error:
        target_read(url)
    assert error.value.message.endswith(".")


@pytest.mark.parametrize(
    "host",
    [
        *[
            "127.0.0.1",
            "127.9.9.9",
            "localhost",
            "[::1]",
            "0.0.0.0",  # noqa: S104 - called, not listened on
            "[::]",
            "169.254.169.254",
            "10.0.0.1",
            "172.16.0.1",
        ],
        *["192.168.1.1", "100.64.0.1", "192.0.2.1", "198.18.0.1", "224.0.0.1", "255.255.255.255", "240.0.0.1"],
        *["[::ffff:127.0.0.1]", "[::ffff:10.0.0.1]", "[::ffff:169.254.169.254]", "[::127.0.0.1]", "[::7f00:1]"],
        *["[2002:7f00:1::]", "[2002:a9fe:a9fe::1]", "[64:ff9b::127.0.0.1]", "[64:ff9b::a9fe:a9fe]", "[64:ff9b:1::1]"],
        *["[fe80::1]", "[fc00::1]", "[fd12::1]", "[fec0::1]", "[ff02::1]", "[2001:db8::1]", "[2001::1]", "[100::1]"],
    ],
)
def test_an_address_of_the_banks_own_network_is_refused(host: str) -> None:
    assert refused(f"https://{host}/hook") == NOT_PUBLIC


@pytest.mark.parametrize(
    "addresses",
    [
        *[["10.0.0.1"], ["127.0.0.1"], ["169.254.169.254"], ["::1"], ["::ffff:192.168.0.1"], ["fe80::1%2"]],
        # One that is public does not excuse the other.
        *[["93.184.216.34", "10.0.0.1"], ["2606:4700::1111", "::1"], []],
    ],
)
def test_a_name_that_stands_for_an_address_of_the_banks_own_network_is_refused(
    addresses: list[str], means: Meaning
) -> None:
    means(*addresses)
    assert refused("https://innocent.example/hook") == NOT_PUBLIC


def test_a_name_that_nobody_knows_is_refused_in_the_same_words(monkeypatch: pytest.MonkeyPatch) -> None:
    def unknown(*_: Any, **__: Any) -> None:
        raise socket.gaierror("no such name: secret.internal")

    monkeypatch.setattr(socket, "getaddrinfo", unknown)
    assert refused("https://secret.internal/") == NOT_PUBLIC


def test_a_look_up_that_takes_too_long_is_not_waited_for(monkeypatch: pytest.MonkeyPatch) -> None:
    over = threading.Event()
    monkeypatch.setattr(socket, "getaddrinfo", lambda *_, **__: [over.wait(30)][:0])
    begun = time.monotonic()
    with pytest.raises(WebhookAddressRefused):
        addresses_of(target_read("https://slow.example"), seconds=0.05)
    assert time.monotonic() - begun < 5
    over.set()


def test_public_addresses_are_called(means: Meaning) -> None:
    means("93.184.216.34", "2606:4700::1111", "64:ff9b::5db8:d822", "2002:5db8:d822::1")
    found = addresses_of(target_read("https://example.com"), seconds=2)
    assert found == ["93.184.216.34", "2606:4700::1111", "64:ff9b::5db8:d822", "2002:5db8:d822::1"]
    with pytest.raises(WebhookAddressRefused, match="https"):
        addresses_of(target_read("http://example.com"), seconds=2)


def test_a_network_that_the_operator_opened_is_called_and_no_other(settings: Settings, means: Meaning) -> None:
    settings.WEBHOOK_ALLOWED_NETWORKS = ["10.1.0.0/16", "fd00:1::/32"]
    for address, called in (("10.1.2.3", "10.1.2.3"), ("::ffff:10.1.2.3", "10.1.2.3"), ("fd00:1::5", "fd00:1::5")):
        means(address)
        assert addresses_of(target_read("http://inside.example:9000"), seconds=2) == [called]
    for address in ("10.2.0.1", "127.0.0.1", "fd00:2::5", "::1"):
        means(address)
        assert refused("http://inside.example:9000") == NOT_PUBLIC
        assert refused("https://inside.example") == NOT_PUBLIC
    means("10.1.2.3", "93.184.216.34")
    assert "https" in refused("http://inside.example:9000")
