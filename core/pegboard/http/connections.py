"""The connections of a client: opened by the first call, kept for the next ones, and made anew after a fork."""

from __future__ import annotations

import logging
from threading import Lock
from typing import TYPE_CHECKING

from .forking import renew_after_fork
from .limits import Limits

if TYPE_CHECKING:
    import httpx2

    from .transport import BoundedTransport


class Connections:
    """To the vendor's own host, and apart from them those to hosts that it redirects to."""

    def __init__(self, base_url: str, limits: Limits) -> None:
        self._base_url, self._limits = base_url, limits
        self._open: dict[bool, tuple[httpx2.Client, BoundedTransport]] = {}
        self._lock = Lock()
        renew_after_fork(self)

    def own(self) -> httpx2.Client:
        return self._client(strangers=False)

    def strangers(self) -> httpx2.Client:
        """For hosts that an answer named: these connections lead to public addresses only."""
        return self._client(strangers=True)

    def _client(self, *, strangers: bool) -> httpx2.Client:
        found = self._open.get(strangers)
        if found is None:
            with self._lock:
                found = self._open.get(strangers)
                if found is None:
                    found = self._open[strangers] = _opened(self._base_url, self._limits, strangers)
        return found[0]

    def after_fork(self) -> None:
        for _, transport in self._open.values():
            transport.network.forget()
        self._open, self._lock = {}, Lock()

    def close(self) -> None:
        """Close what is open; the next call opens it again."""
        with self._lock:
            opened, self._open = self._open, {}
        for client, _ in opened.values():
            client.close()


def _opened(base_url: str, limits: Limits, strangers: bool) -> tuple[httpx2.Client, BoundedTransport]:
    from http.cookiejar import CookieJar, DefaultCookiePolicy

    import httpx2

    from .transport import BoundedTransport

    _quieten("httpx2", "httpcore2")
    # Reading the certificates takes longer than a call, and no connection to a host of http needs them.
    context = httpx2.create_ssl_context() if strangers or base_url.startswith("https:") else None
    transport = BoundedTransport(limits, context, public_only=strangers)
    client = httpx2.Client(
        base_url="" if strangers else base_url,
        transport=transport,
        headers={"User-Agent": "Pegboard", "Accept": "application/json, */*;q=0.5"},
        cookies=CookieJar(DefaultCookiePolicy(allowed_domains=[])),  # a cookie of one caller is not for the next
    )
    return client, transport


def _quieten(*libraries: str) -> None:
    """They log whole URLs and headers, which hold secrets. Who sets a level for them gets them nonetheless."""
    for name in libraries:
        log = logging.getLogger(name)
        if log.level == logging.NOTSET:
            log.setLevel(logging.WARNING)
