"""The call itself: one request, to the address that was checked, for so long and no longer."""

import datetime
import ipaddress
import socket
import ssl
import time
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler
from pathlib import Path
from threading import Event
from typing import Any

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID
from pytest_django.fixtures import Settings

from banking.errors import WebhookAddressRefused
from banking.webhooks import calls
from banking.webhooks.addresses import target_read
from banking.webhooks.calls import MOST_READ, CallFailed, call
from tests.banking.receiver import Receiver

BODY = b'{"id":"1"}'
real_look_up = socket.getaddrinfo


@pytest.fixture
def hurried(monkeypatch: pytest.MonkeyPatch) -> float:
    """Have calls end after this many seconds."""
    monkeypatch.setattr(calls, "SECONDS", 0.3)
    return 0.3


def post(url: str) -> int:
    return call(target_read(url), headers={"Content-Type": "application/json", "webhook-id": "1"}, body=BODY)


def test_a_call_is_one_post_with_body_and_headers() -> None:
    with Receiver(status=204) as receiver:
        assert post(f"{receiver.url}?a=b") == 204
    (made,) = receiver.calls
    assert (made.path, made.body) == ("/hook?a=b", BODY)
    assert made.headers["host"] == f"127.0.0.1:{receiver.port}"
    assert made.headers["webhook-id"] == "1"
    assert made.headers["content-type"] == "application/json"


@pytest.mark.parametrize("status", [301, 302, 303, 307, 308])
def test_a_redirect_is_an_answer_and_is_not_followed(status: int) -> None:
    with Receiver() as inside:

        def redirect(handler: BaseHTTPRequestHandler) -> None:
            handler.send_response(status)
            handler.send_header("Location", inside.url)
            handler.end_headers()

        with Receiver(answer=redirect) as receiver:
            assert post(receiver.url) == status
    assert len(receiver.calls) == 1
    assert inside.calls == []


def test_no_proxy_of_the_environment_is_asked(monkeypatch: pytest.MonkeyPatch) -> None:
    with Receiver() as proxy, Receiver() as receiver:
        for name in ("http_proxy", "HTTP_PROXY", "https_proxy", "all_proxy"):
            monkeypatch.setenv(name, f"http://127.0.0.1:{proxy.port}")
        assert post(receiver.url) == 200
    assert (len(proxy.calls), len(receiver.calls)) == (0, 1)


def test_what_is_called_is_what_was_checked_whatever_the_name_means_a_moment_later(
    monkeypatch: pytest.MonkeyPatch, settings: Settings
) -> None:
    settings.WEBHOOK_ALLOWED_NETWORKS = ["127.0.0.1"]
    asked: list[str] = []

    def rebinding(host: str, port: int, *rest: Any, **options: Any) -> Any:
        if host != "rebinding.example":
            return real_look_up(host, port, *rest, **options)
        asked.append(host)
        # Good when it is looked at, and another server of this machine whenever it is asked for again.
        return real_look_up("127.0.0.1" if len(asked) == 1 else "127.0.0.2", port, *rest, **options)

    monkeypatch.setattr(socket, "getaddrinfo", rebinding)
    with Receiver() as receiver:
        assert post(f"http://rebinding.example:{receiver.port}/hook") == 200
        assert receiver.calls[0].headers["host"] == f"rebinding.example:{receiver.port}"
        assert len(asked) == 1
        with pytest.raises(WebhookAddressRefused):
            post(f"http://rebinding.example:{receiver.port}/hook")
    assert len(receiver.calls) == 1


def test_this_machine_is_not_called_unless_the_operator_allows_it(settings: Settings) -> None:
    settings.WEBHOOK_ALLOWED_NETWORKS = []
    with Receiver() as receiver:
        for host in ("127.0.0.1", "localhost", "[::1]", "[::ffff:127.0.0.1]"):
            for scheme in ("http", "https"):
                with pytest.raises(WebhookAddressRefused):
                    post(f"{scheme}://{host}:{receiver.port}/hook")
    assert receiver.calls == []


def test_no_connection_says_so() -> None:
    with socket.socket() as unused:
        unused.bind(("127.0.0.1", 0))
        with pytest.raises(CallFailed, match="takes no connection"):
            post(f"http://127.0.0.1:{unused.getsockname()[1]}/")


@pytest.mark.parametrize(
    "answer", [b"", b"SSH-2.0-OpenSSH\r\n", b"HTTP/1.1 abc\r\n\r\n", b"HTTP/1.1 200 OK\r\n" * 9_000]
)
def test_an_answer_that_is_not_http_says_so_and_shows_nothing_of_it(answer: bytes) -> None:
    with (
        Receiver(answer=lambda handler: handler.wfile.write(answer)) as receiver,
        pytest.raises(CallFailed) as error,
    ):
        post(receiver.url)
    assert "did not answer in HTTP" in error.value.message
    assert "SSH" not in error.value.message


def endless(handler: BaseHTTPRequestHandler) -> None:
    handler.send_response(200)
    handler.end_headers()
    while True:
        handler.wfile.write(b"x" * 65_536)


def test_of_a_huge_answer_only_a_little_is_read() -> None:
    begun = time.monotonic()
    with Receiver(answer=endless) as receiver:
        assert post(receiver.url) == 200
    assert time.monotonic() - begun < calls.SECONDS / 2
    assert MOST_READ <= 64 * 1024


def drip(over: Event, *pieces: bytes) -> Any:
    """Return an answer that comes a byte at a time, and never ends."""

    def answer(handler: BaseHTTPRequestHandler) -> None:
        handler.wfile.write(b"".join(pieces))
        while not over.wait(0.02):
            handler.wfile.write(b"x")

    return answer


@pytest.mark.parametrize("begun", [b"", b"HTTP/1.1 200 OK\r\nX-Slow: "])
def test_an_answer_that_drips_in_is_too_slow(begun: bytes, hurried: float) -> None:
    over, start = Event(), time.monotonic()
    with Receiver(answer=drip(over, begun)) as receiver, pytest.raises(CallFailed, match="within"):
        post(receiver.url)
    assert time.monotonic() - start < hurried + 3
    over.set()


def test_a_body_that_drips_in_does_not_change_what_was_answered(hurried: float) -> None:
    over, start = Event(), time.monotonic()
    with Receiver(answer=drip(over, b"HTTP/1.1 200 OK\r\n\r\n")) as receiver:
        assert post(receiver.url) == 200
    assert time.monotonic() - start < hurried + 3
    over.set()


def test_a_server_that_says_nothing_is_too_slow(hurried: float) -> None:
    over = Event()
    with Receiver(answer=lambda _: over.wait(20)) as receiver, pytest.raises(CallFailed, match="within"):
        post(receiver.url)
    over.set()


class Certificate:
    """A certificate of our own for a name, signed by itself."""

    def __init__(self, folder: Path, name: x509.GeneralName) -> None:
        key = ec.generate_private_key(ec.SECP256R1())
        issuer = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "florin test")])
        today = datetime.datetime.now(datetime.UTC)
        made = (
            x509.CertificateBuilder()
            .subject_name(issuer)
            .issuer_name(issuer)
            .public_key(key.public_key())
            .serial_number(x509.random_serial_number())
            .not_valid_before(today - datetime.timedelta(days=1))
            .not_valid_after(today + datetime.timedelta(days=1))
            .add_extension(x509.SubjectAlternativeName([name]), critical=False)
            .add_extension(x509.BasicConstraints(ca=True, path_length=None), critical=True)
            .sign(key, hashes.SHA256())
        )
        self.path = folder / "certificate.pem"
        private = key.private_bytes(
            serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
        )
        self.path.write_bytes(made.public_bytes(serialization.Encoding.PEM) + private)

    def server(self) -> ssl.SSLContext:
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(self.path)
        return context


@pytest.fixture
def trusted(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Iterator[Any]:
    """Make a certificate that the caller believes: `trusted(name)`."""

    def make(name: x509.GeneralName) -> Certificate:
        certificate = Certificate(tmp_path, name)
        monkeypatch.setenv("SSL_CERT_FILE", str(certificate.path))
        calls._trust.cache_clear()
        return certificate

    yield make
    calls._trust.cache_clear()


def test_a_certificate_for_the_very_host_is_asked_for(trusted: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    certificate = trusted(x509.DNSName("good.example"))

    def here(host: str, port: int, *rest: Any, **options: Any) -> Any:
        return real_look_up("127.0.0.1" if host.endswith(".example") else host, port, *rest, **options)

    monkeypatch.setattr(socket, "getaddrinfo", here)
    with Receiver(tls=certificate.server()) as receiver:
        assert post(f"https://good.example:{receiver.port}/hook") == 200
        assert receiver.calls[0].headers["host"] == f"good.example:{receiver.port}"
        for host in ("other.example", "127.0.0.1"):
            with pytest.raises(CallFailed, match="certificate"):
                post(f"https://{host}:{receiver.port}/hook")
    assert len(receiver.calls) == 1


def test_a_certificate_of_nobody_we_know_is_not_believed(tmp_path: Path) -> None:
    certificate = Certificate(tmp_path, x509.IPAddress(ipaddress.ip_address("127.0.0.1")))
    with Receiver(tls=certificate.server()) as receiver, pytest.raises(CallFailed, match="certificate"):
        post(f"https://127.0.0.1:{receiver.port}/hook")
    assert receiver.calls == []


def test_a_server_that_never_shakes_hands_is_too_slow(hurried: float) -> None:
    with socket.create_server(("127.0.0.1", 0)) as silent, pytest.raises(CallFailed, match="within"):
        post(f"https://127.0.0.1:{silent.getsockname()[1]}/")
