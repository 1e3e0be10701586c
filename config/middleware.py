"""What every request needs before any app sees it."""

import ipaddress
from collections.abc import Callable, Sequence
from functools import cache

from django.conf import settings
from django.http import HttpRequest, HttpResponse

Handler = Callable[[HttpRequest], HttpResponse]


class ClientAddressMiddleware:
    """Put the client's own address into `REMOTE_ADDR`.

    X-Forwarded-For is believed only from the configured proxies, and read from the right: what stands left of the
    first address that is not a proxy was written by the client and may say anything.
    """

    def __init__(self, get_response: Handler) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        remote = plain_address(request.META.get("REMOTE_ADDR", ""))
        forwarded = request.META.get("HTTP_X_FORWARDED_FOR", "") if settings.TRUSTED_PROXIES else ""
        request.META["REMOTE_ADDR"] = client_address(remote, forwarded)
        return self.get_response(request)


def client_address(remote: str, forwarded: str) -> str:
    """Return the rightmost address of the chain that is not a trusted proxy.

    Args:
        remote: the peer of the connection.
        forwarded: the X-Forwarded-For header, oldest hop first.
    """
    address = remote
    for hop in reversed([part.strip() for part in forwarded.split(",") if part.strip()]):
        if not is_trusted_proxy(address):
            break
        if _parse(hop) is None:
            break
        address = plain_address(hop)
    return address


def plain_address(address: str) -> str:
    """Return an IPv4 address without the prefix that a socket for both kinds writes before it (`::ffff:`).

    All of IPv4 would be one network of IPv6 otherwise, and all of its clients would share one limit. Nor has an
    address its zone (`%eth0`), which belongs to no network.
    """
    parsed = _parse(address)
    return address if parsed is None or ":" not in address else str(parsed).partition("%")[0]


def is_trusted_proxy(address: str) -> bool:
    """Whether the peer of a connection is one of the configured proxies."""
    return is_within(address, settings.TRUSTED_PROXIES)


def is_within(address: str, networks: Sequence[str]) -> bool:
    """Whether an address is in one of the networks; what is no address is in none."""
    parsed = _parse(address) if networks else None
    return parsed is not None and any(parsed in network for network in _networks(tuple(networks)))


def _parse(address: str) -> ipaddress.IPv4Address | ipaddress.IPv6Address | None:
    try:
        parsed = ipaddress.ip_address(address)
    except ValueError:
        return None
    return parsed.ipv4_mapped or parsed if isinstance(parsed, ipaddress.IPv6Address) else parsed


@cache
def _networks(names: tuple[str, ...]) -> tuple[ipaddress.IPv4Network | ipaddress.IPv6Network, ...]:
    return tuple(ipaddress.ip_network(name, strict=False) for name in names)
