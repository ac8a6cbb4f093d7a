"""What stands between httpx and the network: a pool of connections that keep to the time there is."""

from __future__ import annotations

import ssl
from collections.abc import Iterable, Iterator
from typing import cast

import httpcore2
import httpx2

from .limits import Limits
from .network import BoundedNetwork

_IDLE = 30.0  # seconds for which an unused connection is kept


class BoundedTransport(httpx2.BaseTransport):
    """Sends requests over connections of its own. What goes wrong is raised as httpcore raises it."""

    def __init__(self, limits: Limits, context: ssl.SSLContext | None, *, public_only: bool) -> None:
        self.network = BoundedNetwork(public_only=public_only)
        self._pool = httpcore2.ConnectionPool(
            ssl_context=context,
            max_connections=limits.connections,
            max_keepalive_connections=limits.connections,
            keepalive_expiry=_IDLE,
            network_backend=self.network,
        )

    def handle_request(self, request: httpx2.Request) -> httpx2.Response:
        url = request.url
        answer = self._pool.handle_request(
            httpcore2.Request(
                method=request.method,
                url=httpcore2.URL(scheme=url.raw_scheme, host=url.raw_host, port=url.port, target=url.raw_path),
                headers=request.headers.raw,
                content=cast(Iterable[bytes], request.stream),
                extensions=request.extensions,
            )
        )
        return httpx2.Response(
            answer.status, headers=answer.headers, stream=_Body(answer), extensions=answer.extensions
        )

    def close(self) -> None:
        self._pool.close()


class _Body(httpx2.SyncByteStream):
    """The body as it comes."""

    def __init__(self, answer: httpcore2.Response) -> None:
        self._answer = answer

    def __iter__(self) -> Iterator[bytes]:
        yield from cast(Iterable[bytes], self._answer.stream)

    def close(self) -> None:
        self._answer.close()
