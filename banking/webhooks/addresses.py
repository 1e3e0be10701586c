"""Where the bank may call: public servers, and networks that the operator has opened (WEBHOOK_ALLOWED_NETWORKS).

A customer writes the address and the bank's own machine calls it. So the address must not lead into the bank's own
network, whatever it is written like: not as a number, not in IPv6, not by a name that resolves there. What counts is
therefore the network addresses that a name stands for, all of them, and the caller connects to one of these.
"""

import ipaddress
import re
import socket
from concurrent.futures import Future
from concurrent.futures import TimeoutError as TooSlow
from dataclasses import dataclass
from threading import Thread
from urllib.parse import SplitResult, urlsplit

from django.conf import settings

from banking.errors import WebhookAddressRefused

LONGEST = 500
_PORTS = {"https": 443, "http": 80}
# Below are the services of machines, of which only the web's may be called.
_LOWEST_FREE_PORT = 1024
_MOST_ADDRESSES = 4
# What an address is written in; whatever could end a line or a header is not among it.
_WRITTEN = re.compile(r"[!-~]+", re.ASCII)
_NAME = re.compile(r"(?=.{1,253}\Z)([a-z0-9_]([a-z0-9_-]{0,61}[a-z0-9_])?)(\.[a-z0-9_]([a-z0-9_-]{0,61}[a-z0-9_])?)*")
_NUMBER = re.compile(r"(.*\.)?([0-9]+|0x[0-9a-f]*)")

# All of IPv6 that is given out for the public (RFC 4291); the rest is private, local, reserved or a disguise of IPv4.
_PUBLIC_6 = ipaddress.IPv6Network("2000::/3")
_NAT64 = ipaddress.IPv6Network("64:ff9b::/96")

Address = ipaddress.IPv4Address | ipaddress.IPv6Address

_BADLY_WRITTEN = f"Write an address of at most {LONGEST} letters, digits and signs, without spaces."
_BAD_PORT = "The port must be 443, 80 or above 1023."
NOT_PUBLIC = "This address does not lead to a server that can be reached from everywhere."


@dataclass(frozen=True, slots=True)
class Target:
    """An address that is well written; where it leads to is another question.

    Args:
        host: a name in lower case or a network address, without brackets.
        path: path and query as they are asked for.
    """

    scheme: str
    host: str
    port: int
    path: str

    @property
    def authority(self) -> str:
        """Host and port as the Host header has them."""
        host = f"[{self.host}]" if ":" in self.host else self.host
        return host if self.port == _PORTS[self.scheme] else f"{host}:{self.port}"

    @property
    def url(self) -> str:
        return f"{self.scheme}://{self.authority}{self.path}"


def target_read(url: object) -> Target:
    """Return the parts of an address.

    Raises:
        WebhookAddressRefused: it is not written like one that may be called; the error says why.
    """
    text = url.strip() if isinstance(url, str) else ""
    if not text or len(text) > LONGEST or not _WRITTEN.fullmatch(text) or "\\" in text:
        raise WebhookAddressRefused(_BADLY_WRITTEN)
    parts = _parts(text)
    path = (parts.path or "/") + (f"?{parts.query}" if parts.query else "")
    target = Target(parts.scheme, _host_read(parts.hostname or ""), _port_read(parts), path)
    # The one form in which it is kept may have a slash more.
    if len(target.url) > LONGEST:
        raise WebhookAddressRefused(_BADLY_WRITTEN)
    return target


def _parts(text: str) -> SplitResult:
    try:
        parts = urlsplit(text)
    except ValueError as error:
        raise WebhookAddressRefused("This is not an address.") from error
    if parts.scheme not in _PORTS:
        raise WebhookAddressRefused("The address must begin with https://.")
    if "@" in parts.netloc:
        raise WebhookAddressRefused("The address must not hold a user name or a password.")
    if "#" in text:
        raise WebhookAddressRefused("The address must not hold a #, which servers never see.")
    return parts


def _port_read(parts: SplitResult) -> int:
    try:
        port = _PORTS[parts.scheme] if parts.port is None else parts.port
    except ValueError as error:
        raise WebhookAddressRefused(_BAD_PORT) from error
    if port not in _PORTS.values() and port < _LOWEST_FREE_PORT:
        raise WebhookAddressRefused(_BAD_PORT)
    return port


def _host_read(host: str) -> str:
    """Return a host that is a name or a network address, and not a number that some resolvers take for one."""
    if ":" in host:
        return _literal(host)
    if not _NAME.fullmatch(host):
        raise WebhookAddressRefused("The name of the server is not valid. Names of other scripts begin with xn--.")
    return _literal(host) if _NUMBER.fullmatch(host) else host


def _literal(host: str) -> str:
    try:
        address = ipaddress.ip_address(host)
    except ValueError as error:
        raise WebhookAddressRefused("The name of the server is not valid.") from error
    if "%" in host:
        raise WebhookAddressRefused(NOT_PUBLIC)
    return str(address)


def addresses_of(target: Target, *, seconds: float) -> list[str]:
    """Return the network addresses at which the target may be called now, the best first.

    Args:
        target: as read; a name is looked up.
        seconds: how long the look-up may take.

    Raises:
        WebhookAddressRefused: one of its addresses is not to be called, or it has none. Both are said in the same
            words: what the bank's own network knows of a name is nobody's business.
    """
    try:
        found = _look_up(target, seconds=seconds)
    except (OSError, ValueError, TooSlow) as error:
        raise WebhookAddressRefused(NOT_PUBLIC) from error
    if not found or not all(_may_be_called(address) for address in found):
        raise WebhookAddressRefused(NOT_PUBLIC)
    if target.scheme == "http" and not all(_is_opened(address) for address in found):
        raise WebhookAddressRefused("The address must begin with https://.")
    return [str(_unmapped(address)) for address in found[:_MOST_ADDRESSES]]


def _look_up(target: Target, *, seconds: float) -> list[Address]:
    """Look a name up in a thread of its own: it cannot be told to hurry, and when it is late nobody waits for it."""
    answer: Future[list[Address]] = Future()

    def settle() -> None:
        try:
            found = socket.getaddrinfo(target.host, target.port, type=socket.SOCK_STREAM)
            answer.set_result([ipaddress.ip_address(where[0]) for *_, where in found])
        except Exception as error:
            answer.set_exception(error)

    Thread(target=settle, daemon=True, name="look-up").start()
    return answer.result(timeout=seconds)


def _may_be_called(address: Address) -> bool:
    return _is_opened(address) or _is_public(address)


def _is_opened(address: Address) -> bool:
    """Whether the operator has opened a network to which it belongs."""
    plain = _unmapped(address)
    return any(plain in ipaddress.ip_network(text, strict=False) for text in settings.WEBHOOK_ALLOWED_NETWORKS)


def _is_public(address: Address) -> bool:
    plain = _unmapped(address)
    if isinstance(plain, ipaddress.IPv6Address):
        carried = _carried(plain)
        if carried is not None:
            return _is_public(carried)
        if plain not in _PUBLIC_6:
            return False
    return plain.is_global and not plain.is_multicast


def _unmapped(address: Address) -> Address:
    """Return the IPv4 address for one that IPv6 only wraps: the machine connects to the same."""
    mapped = address.ipv4_mapped if isinstance(address, ipaddress.IPv6Address) else None
    return address if mapped is None else mapped


def _carried(address: ipaddress.IPv6Address) -> ipaddress.IPv4Address | None:
    """Return the IPv4 address to which a gateway would pass packets on: 6to4 and NAT64."""
    if address in _NAT64:
        return ipaddress.IPv4Address(int(address) & 0xFFFFFFFF)
    return address.sixtofour
