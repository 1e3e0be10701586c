"""A small network: TCP proxies in front of servers, which can cut the links of one of them.

A link that is cut is not closed: its bytes stop, and whoever waits for them learns nothing, as behind a broken switch.
A new connection over it is taken and hears nothing either. Healing closes the cut links, and everybody connects again.
"""

import asyncio
import threading
from collections.abc import Callable, Coroutine
from typing import Any, TypeVar, cast

HOST = "127.0.0.1"
T = TypeVar("T")
# Who connects: the number of a server of this network, or None for a client from outside.
Recognise = Callable[[int, int], int | None]


class Network:
    """The proxies of some servers, in a thread of their own.

    Args:
        recognise: told the caller's port and the proxy's, returns the number of the server that called.
    """

    def __init__(self, recognise: Recognise) -> None:
        self.recognise = recognise
        self.links: set[Link] = set()
        self._isolated: int | None = None
        self._loop = asyncio.new_event_loop()
        self._thread = threading.Thread(target=self._loop.run_forever, name="network", daemon=True)
        self._thread.start()

    def listen(self, *, server: int, port: int, target: int) -> None:
        """Pass everything that comes to `port` on to the server's own port `target`."""
        self._run(self._listen(server, port, target))

    def isolate(self, server: int) -> None:
        """Cut the links between one server and all others, in both directions; clients still reach it."""
        self._run(self._set_isolated(server))

    def heal(self) -> None:
        """Let everybody reach everybody again."""
        self._run(self._set_isolated(None))

    def close(self) -> None:
        """End all links and the thread."""
        self._run(self._end_all())
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join()
        self._loop.close()

    def is_cut(self, link: "Link") -> bool:
        """Whether the link leads between the isolated server and another one."""
        ends = {link.caller, link.server}
        return None not in ends and len(ends) > 1 and self._isolated in ends

    def _run(self, work: Coroutine[Any, Any, T]) -> T:
        return asyncio.run_coroutine_threadsafe(work, self._loop).result(timeout=10)

    async def _listen(self, server: int, port: int, target: int) -> None:
        await self._loop.create_server(lambda: Link(self, server, port, target).near, HOST, port)

    async def _set_isolated(self, server: int | None) -> None:
        was_cut = [link for link in self.links if self.is_cut(link)]
        self._isolated = server
        for link in was_cut:
            link.abort()
        for link in self.links:
            if self.is_cut(link):
                link.hold()

    async def _end_all(self) -> None:
        for link in list(self.links):
            link.abort()
        await asyncio.sleep(0)


class Link:
    """One connection through a proxy: the near end is the caller's, the far end the server's."""

    def __init__(self, network: Network, server: int, port: int, target: int) -> None:
        self.server = server
        self.caller: int | None = None
        self.near, self.far = _End(self), _End(self)
        self._network, self._port, self._target = network, port, target
        self._connecting: asyncio.Task[None] | None = None

    def opened(self) -> None:
        """The caller is there: find out who it is, and call the server."""
        peer = self.near.transport.get_extra_info("peername")
        self._network.links.add(self)
        if peer is not None:
            self.caller = self._network.recognise(peer[1], self._port)
        self.near.transport.pause_reading()
        if not self._network.is_cut(self):
            self._connecting = asyncio.ensure_future(self._connect())

    def other(self, end: "_End") -> "_End":
        return self.far if end is self.near else self.near

    def hold(self) -> None:
        """Stop the bytes in both directions."""
        for end in (self.near, self.far):
            if end.is_open:
                end.transport.pause_reading()

    def abort(self) -> None:
        """Close both ends at once."""
        for end in (self.near, self.far):
            if end.is_open:
                end.transport.abort()
        self._network.links.discard(self)

    def lost(self, end: "_End") -> None:
        """One end is gone: what it still sent is delivered, unless the link is cut, where nobody learns of it."""
        if self._network.is_cut(self):
            return
        other = self.other(end)
        if other.is_open:
            other.transport.close()
        self._network.links.discard(self)

    async def _connect(self) -> None:
        loop = asyncio.get_running_loop()
        try:
            await loop.create_connection(lambda: self.far, HOST, self._target)
        except OSError:
            self.abort()
            return
        if self._network.is_cut(self):
            self.hold()
        elif self.near.is_open:
            self.near.transport.resume_reading()
        else:
            self.abort()


class _End(asyncio.Protocol):
    """One end of a link; what arrives here leaves at the other one."""

    transport: asyncio.Transport

    def __init__(self, link: Link) -> None:
        self.link = link
        self.is_open = False

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self.transport, self.is_open = cast(asyncio.Transport, transport), True
        if self is self.link.near:
            self.link.opened()

    def data_received(self, data: bytes) -> None:
        self.link.other(self).transport.write(data)

    def connection_lost(self, error: Exception | None) -> None:
        self.is_open = False
        self.link.lost(self)
