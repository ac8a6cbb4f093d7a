"""The client: what a plugin makes one of for its vendor, and calls."""

from __future__ import annotations

import copy
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from time import monotonic
from typing import TYPE_CHECKING, Any, Self, TypedDict, Unpack
from urllib.parse import urlsplit
from uuid import uuid4

from pegboard.deadline import answer_within, seconds_left
from pegboard.errors import ProviderError
from pegboard.observability.calls import Outcome, told

from .allowance import Allowance
from .answers import Answer
from .auth import Auth
from .breaker import Breakers
from .connections import Connections
from .exchange import Deed, Exchange, Setup
from .failures import NotSent, located, outcome
from .limits import Limits
from .retries import IDEMPOTENT, tried

if TYPE_CHECKING:
    import httpx2


class Options(TypedDict, total=False):
    """What a request may have beside its method and path."""

    operation: str
    """The word for it in logs, errors and metrics: one of the code, never made of data. By default the method."""

    params: Mapping[str, Any]
    json: Any
    form: Mapping[str, Any]
    content: bytes
    headers: Mapping[str, str]

    idempotency_key: str
    """The same for all calls that mean one deed. By default each call has one of its own, the same over all its tries."""


class HttpClient:
    """Calls one vendor. One object serves all threads, and the children of a fork: make it once.

    `provider` names it in errors and logs. Each of `on_request` is given every request in order, complete but for being
    sent, so that it may sign it; each of `on_response` every answer in order, read whole, and may raise a ProviderError.
    `error_in` is given the JSON of a successful answer, and returns the vendor's code where an error is inside it.
    `idempotency_header` is the header in which the vendor takes a key that keeps a call from being done twice; without
    it, a call whose method is not idempotent is made once. `limits` says how patient the client is.
    """

    def __init__(
        self,
        provider: str,
        base_url: str,
        *,
        auth: Auth | None = None,
        limits: Limits | None = None,
        headers: Mapping[str, str] | None = None,
        idempotency_header: str | None = None,
        request_id_headers: Sequence[str] = ("x-request-id", "request-id", "x-correlation-id"),
        on_request: Sequence[Callable[[httpx2.Request], None]] = (),
        on_response: Sequence[Callable[[httpx2.Response], None]] = (),
        error_in: Callable[[Any], str | None] | None = None,
    ) -> None:
        limits = limits or Limits()
        self._idempotency_header = idempotency_header
        self._setup = Setup(
            provider=provider,
            limits=limits,
            connections=Connections(_checked(base_url), limits),
            breakers=Breakers(limits.failures, limits.rest),
            allowance=Allowance(),
            auth=auth,
            headers=dict(headers or {}),
            request_id_headers=tuple(request_id_headers),
            on_request=tuple(on_request),
            on_response=tuple(on_response),
            error_in=error_in,
        )

    def __repr__(self) -> str:
        return f"HttpClient({self._setup.provider!r})"

    def with_auth(self, auth: Auth | None) -> Self:
        """The same client on behalf of somebody else: it shares connections and breakers, not what the vendor allows."""
        other = copy.copy(self)
        other._setup = replace(self._setup, auth=auth, allowance=Allowance())
        return other

    def close(self) -> None:
        """Close the connections that are open; a call after that opens new ones."""
        self._setup.connections.close()

    def get(self, path: str, **options: Unpack[Options]) -> Answer:
        return self.request("GET", path, **options)

    def post(self, path: str, **options: Unpack[Options]) -> Answer:
        return self.request("POST", path, **options)

    def put(self, path: str, **options: Unpack[Options]) -> Answer:
        return self.request("PUT", path, **options)

    def patch(self, path: str, **options: Unpack[Options]) -> Answer:
        return self.request("PATCH", path, **options)

    def delete(self, path: str, **options: Unpack[Options]) -> Answer:
        return self.request("DELETE", path, **options)

    def request(self, method: str, path: str, **options: Unpack[Options]) -> Answer:
        """One call, answered within `Limits.total`, or sooner where somebody waits for less. Raises ProviderError.

        `path` is below the base URL, or a whole URL on the same host.
        """
        method = method.upper()
        deed = Deed(
            operation=options.get("operation") or method,
            method=method,
            path=path,
            headers=self._headers(method, options),
            params=options.get("params"),
            body={"json": options.get("json"), "data": options.get("form"), "content": options.get("content")},
        )
        repeatable = method in IDEMPOTENT or self._idempotency_header is not None
        return self._done(deed, repeatable=repeatable)

    def _headers(self, method: str, options: Options) -> dict[str, str]:
        headers = {**self._setup.headers, **options.get("headers", {})}
        key = options.get("idempotency_key")
        if self._idempotency_header is None:
            if key is not None:
                raise TypeError("idempotency_key is of no use without idempotency_header, the header that it goes into")
        elif key is not None or method not in IDEMPOTENT:
            headers[self._idempotency_header] = key or str(uuid4())
        return headers

    def _done(self, deed: Deed, *, repeatable: bool) -> Answer:
        """The answer or the error, and either is told once, with all its tries."""
        setup, exchange, began = self._setup, Exchange(self._setup, deed), monotonic()
        word: Outcome = "failed"
        try:
            with answer_within(setup.limits.total):
                if not seconds_left(1):
                    raise NotSent("not asked: calls before it took all the time there was")
                answer = tried(exchange.once, tries=setup.limits.tries, repeatable=repeatable)
            word = "ok"
            return answer
        except ProviderError as error:
            word = outcome(error)
            raise located(error, setup.provider, deed.operation) from None
        finally:
            milliseconds = 1000 * (monotonic() - began)
            told(
                setup.provider,
                deed.operation,
                word,
                milliseconds,
                status=exchange.status,
                request_id=exchange.request_id,
                tries=max(1, exchange.tries),
            )


def _checked(base_url: str) -> str:
    parts = urlsplit(base_url)
    if parts.scheme not in ("http", "https") or not parts.hostname:
        raise ValueError("base_url must be a whole URL of http or https")
    if parts.username is not None or parts.query or parts.fragment:
        raise ValueError("base_url must have no credentials, query or fragment: give credentials as auth")
    return base_url.rstrip("/")
