"""One call to a receiver's server: to an address that was checked, once, and for ten seconds at most.

The standard library's client does what is wanted by leaving things out: it follows no redirect, asks no proxy and
keeps no connection. Here it does not even connect, but is handed the connection to the very address that was checked.
So a name that means something else a moment later (DNS rebinding) leads nowhere.
"""

import contextlib
import http.client
import socket
import ssl
import time
from collections.abc import Iterator, Mapping
from functools import lru_cache
from threading import Timer

from banking.errors import BankingError
from banking.webhooks.addresses import Target, addresses_of

SECONDS = 10.0
MOST_READ = 64 * 1024
# A connection is ended when its time is over, which its reader may notice a moment earlier.
_MOMENT = 0.05

_NO_CONNECTION = "The server takes no connection."
_NO_CERTIFICATE = "The server's certificate is not valid for this address."
_NO_ANSWER = "The server broke off, or did not answer in HTTP."


class CallFailed(BankingError):
    """There was no answer. The sentence says why, and nothing of the bank's own network."""


def call(target: Target, *, headers: Mapping[str, str], body: bytes) -> int:
    """Post a body and return the status of the answer; whatever else the answer says is not kept.

    Args:
        target: as it was read; whether it may be called is looked at now.
        headers: besides those of every request.
        body: JSON.

    Raises:
        WebhookAddressRefused: it leads, by now, to where the bank does not call.
        CallFailed: no connection, no valid certificate, no answer that is HTTP, or none in time.
    """
    end = time.monotonic() + SECONDS
    connection = _connect(target, addresses_of(target, seconds=SECONDS), end)
    with _ended_at(end, connection):
        try:
            return _exchange(target, connection, headers, body, end)
        except ssl.SSLCertVerificationError as error:
            raise CallFailed(_NO_CERTIFICATE) from error
        except (OSError, http.client.HTTPException) as error:
            raise CallFailed(_too_slow() if time.monotonic() > end - _MOMENT else _NO_ANSWER) from error


def _too_slow() -> str:
    return f"The server did not answer within {SECONDS:g} seconds."


def _connect(target: Target, addresses: list[str], end: float) -> socket.socket:
    """Return a connection to the first of the addresses that takes one; a secure one has yet to introduce itself."""
    for address in addresses:
        with contextlib.suppress(OSError):
            connection = socket.create_connection((address, target.port), timeout=_left(end))
            return connection if target.scheme == "http" else _secured(target, connection)
    raise CallFailed(_too_slow() if time.monotonic() > end - _MOMENT else _NO_CONNECTION)


def _secured(target: Target, connection: socket.socket) -> ssl.SSLSocket:
    return _trust().wrap_socket(connection, server_hostname=target.host, do_handshake_on_connect=False)


@lru_cache(maxsize=1)
def _trust() -> ssl.SSLContext:
    """Return whose certificates are believed: the system's, or those that SSL_CERT_FILE names."""
    return ssl.create_default_context()


def _left(end: float) -> float:
    left = end - time.monotonic()
    if left <= 0:
        raise CallFailed(_too_slow())
    return left


@contextlib.contextmanager
def _ended_at(end: float, connection: socket.socket) -> Iterator[None]:
    """End the connection at this moment at the latest.

    The time-out of a socket is for each byte, so a server that sends one now and then would never be too slow.
    """
    over = Timer(max(0.0, end - time.monotonic()), _shut, [connection])
    over.daemon = True
    over.start()
    try:
        yield
    finally:
        over.cancel()
        connection.close()


def _shut(connection: socket.socket) -> None:
    with contextlib.suppress(OSError):
        # The plain socket's way: the secure one's would take leave of the server first.
        socket.socket.shutdown(connection, socket.SHUT_RDWR)


def _exchange(target: Target, connection: socket.socket, headers: Mapping[str, str], body: bytes, end: float) -> int:
    if isinstance(connection, ssl.SSLSocket):
        connection.do_handshake()
    client = http.client.HTTPConnection(target.host, target.port)
    # It talks over this connection, and never opens another one.
    client.sock, client.auto_open = connection, 0
    client.request("POST", target.path, body, {"Host": target.authority, "Connection": "close", **headers})
    with client.getresponse() as answer:
        # Headers that were cut off when their time was over look like all there are.
        _left(end)
        # The status decides. The rest is taken for politeness, as far as it is short and comes in time.
        with contextlib.suppress(OSError, http.client.HTTPException):
            answer.read(MOST_READ)
        return answer.status
