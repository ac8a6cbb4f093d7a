"""Connections that keep to the time there is: names looked up, addresses tried and bytes awaited within one limit.

Timeouts of sockets alone do not bound a call: each address and each byte would have the whole of it.
"""

from __future__ import annotations

import socket
import ssl
from collections.abc import Iterable, Sequence
from ipaddress import IPv4Address, IPv6Address, ip_address
from queue import Empty, SimpleQueue
from threading import Thread
from typing import Any
from weakref import WeakSet

import httpcore2

from pegboard.deadline import answer_within, seconds_left

_PATIENCE = 60.0  # seconds, where httpcore gives no timeout of its own


class PrivateAddress(httpcore2.ConnectError):
    """The name leads to an address that only this machine or its network can reach."""


class BoundedNetwork(httpcore2.SyncBackend):
    """Connects within `pegboard.deadline`. With `public_only` it connects to no private address, whatever a name says
    the second time: it connects to the addresses that it has looked at."""

    def __init__(self, *, public_only: bool) -> None:
        self._public_only = public_only
        self._streams: WeakSet[BoundedStream] = WeakSet()

    def connect_tcp(
        self,
        host: str,
        port: int,
        timeout: float | None = None,
        local_address: str | None = None,
        socket_options: Iterable[Any] | None = None,
    ) -> BoundedStream:
        with answer_within(_PATIENCE if timeout is None else timeout):
            addresses = look_up(host, port)
            if self._public_only and not all(is_public(address) for address in addresses):
                raise PrivateAddress(f"{host} is a private address")
            stream = BoundedStream(self._first_of(addresses, port, local_address, socket_options))
        self._streams.add(stream)
        return stream

    def _first_of(
        self, addresses: Sequence[str], port: int, local: str | None, options: Iterable[Any] | None
    ) -> httpcore2.NetworkStream:
        failure: Exception = httpcore2.ConnectError("the name has no address")
        for address in addresses:
            left = seconds_left(_PATIENCE)
            if not left:
                raise httpcore2.ConnectTimeout("no connection in time")
            try:
                return super().connect_tcp(address, port, left, local, options)
            except (httpcore2.ConnectError, httpcore2.ConnectTimeout) as error:
                failure = error
        raise failure

    def forget(self) -> None:
        """In the child of a fork: close our copies of the parent's connections, without a word to the other side."""
        for stream in list(self._streams):
            stream.close()
        self._streams = WeakSet()


class BoundedStream(httpcore2.NetworkStream):
    """A connection that waits no longer than whoever asked."""

    def __init__(self, stream: httpcore2.NetworkStream) -> None:
        self._stream = stream

    def read(self, max_bytes: int, timeout: float | None = None) -> bytes:
        return self._stream.read(max_bytes, _left(timeout, httpcore2.ReadTimeout))

    def write(self, buffer: bytes, timeout: float | None = None) -> None:
        for start in range(0, len(buffer), 65536):
            self._stream.write(buffer[start : start + 65536], _left(timeout, httpcore2.WriteTimeout))

    def close(self) -> None:
        self._stream.close()

    def start_tls(
        self, ssl_context: ssl.SSLContext, server_hostname: str | None = None, timeout: float | None = None
    ) -> BoundedStream:
        left = _left(timeout, httpcore2.ConnectTimeout)
        self._stream = self._stream.start_tls(ssl_context, server_hostname, left)
        return self

    def get_extra_info(self, info: str) -> Any:
        return self._stream.get_extra_info(info)


def _left(timeout: float | None, late: type[Exception]) -> float:
    left = seconds_left(_PATIENCE if timeout is None else timeout)
    if not left:
        raise late("the time for the whole call is over")
    return left


def look_up(host: str, port: int) -> list[str]:
    """The addresses of a name, in the order to try them. In a thread, since the system's resolver knows no deadline."""
    try:
        return [str(ip_address(host))]
    except ValueError:
        pass
    answers: SimpleQueue[list[str] | OSError] = SimpleQueue()

    def ask() -> None:
        try:
            found = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)
            answers.put(list(dict.fromkeys(str(address[0]) for *_, address in found)))
        except (OSError, UnicodeError) as error:
            answers.put(error if isinstance(error, OSError) else OSError(str(error)))

    Thread(target=ask, name="http-lookup", daemon=True).start()
    try:
        answer = answers.get(timeout=seconds_left(_PATIENCE))
    except Empty:
        raise httpcore2.ConnectTimeout(f"the name {host} was not found in time") from None
    if isinstance(answer, OSError):
        raise httpcore2.ConnectError(f"the name {host} is not known: {answer}") from None
    return answer


def is_public(address: str) -> bool:
    """Whether everyone can reach this address, also where it stands for an IPv4 address inside an IPv6 one."""
    found = ip_address(address.partition("%")[0])
    inner: IPv4Address | IPv6Address | None = None
    if found.version == 6:
        inner = found.ipv4_mapped or found.sixtofour or (found.teredo[1] if found.teredo else None)
        if str(found).startswith("64:ff9b:"):
            inner = ip_address(int(found) & 0xFFFFFFFF)
    if inner is not None:
        return is_public(str(inner))
    return found.is_global and not found.is_multicast
