"""One call to a vendor: what it needs, and each of its tries."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from time import sleep
from typing import TYPE_CHECKING, Any

from pegboard.deadline import seconds_left
from pegboard.errors import ProviderError, RateLimited, Unreachable
from pegboard.observability.calls import as_request_id

from .allowance import Allowance
from .answers import Answer
from .auth import Auth
from .breaker import Breaker, Breakers
from .connections import Connections
from .failures import Busy, NotSent, translated
from .limits import Limits
from .redirects import Hop, hop, same_origin
from .refusals import REDIRECTS, is_failure, refusal

if TYPE_CHECKING:
    import httpx2

_FAIR = 1.0  # seconds: who had less for an answer cannot say that the vendor gives none


@dataclass(frozen=True, slots=True)
class Setup:
    """What all calls of one client share."""

    provider: str
    limits: Limits
    connections: Connections
    breakers: Breakers
    allowance: Allowance
    auth: Auth | None
    headers: Mapping[str, str]
    request_id_headers: tuple[str, ...]
    on_request: tuple[Callable[[httpx2.Request], None], ...]
    on_response: tuple[Callable[[httpx2.Response], None], ...]
    error_in: Callable[[Any], str | None] | None


@dataclass(frozen=True, slots=True)
class Deed:
    """What is asked of the vendor. The same for all tries, an idempotency key among its headers."""

    operation: str
    method: str
    path: str
    headers: Mapping[str, str] = field(repr=False)
    params: Mapping[str, Any] | None = field(repr=False)
    body: Mapping[str, Any] = field(repr=False)


class Exchange:
    """Does one deed. `tries`, `status` and `request_id` say afterwards how it went."""

    def __init__(self, setup: Setup, deed: Deed) -> None:
        self._setup, self._deed = setup, deed
        self.tries, self.request_id = 0, ""
        self.status: int | None = None

    def once(self) -> Answer:
        """One try, redirects and a renewed token included. Every failure is a ProviderError."""
        self.tries += 1
        self.status, self.request_id = None, ""
        answer = self._followed()
        if is_failure(answer.status):
            raise refusal(answer)
        code = self._setup.error_in(answer.json()) if self._setup.error_in is not None else None
        if code is not None:
            raise answer.failure(f"answered {answer.status} with an error inside ({code})")
        return answer

    def _followed(self) -> Answer:
        request, answer = self._at_home(self._deed.path, self._deed.params)
        home = self._setup.connections.own().base_url
        for _ in range(self._setup.limits.redirects):
            if answer.status not in REDIRECTS:
                break
            step = hop(request, answer, home)
            request, answer = self._abroad(step) if step.stranger else self._at_home(str(step.url), None)
        return answer

    def _at_home(self, path: str, params: Mapping[str, Any] | None) -> tuple[httpx2.Request, Answer]:
        """A request to the vendor itself, with credentials. After 401 once more, where they could be renewed."""
        request, used = self._signed(path, params)
        answer = self._sent(self._setup.connections.own(), request, ours=True)
        auth = self._setup.auth
        if answer.status == 401 and auth is not None and auth.renew(used):
            request, used = self._signed(path, params)
            answer = self._sent(self._setup.connections.own(), request, ours=True)
        return request, answer

    def _abroad(self, step: Hop) -> tuple[httpx2.Request, Answer]:
        client = self._setup.connections.strangers()
        request = client.build_request(self._deed.method, step.url, headers=step.headers, timeout=self._timeouts())
        return request, self._sent(client, request, ours=False)

    def _signed(self, path: str, params: Mapping[str, Any] | None) -> tuple[httpx2.Request, str]:
        """The request, complete, and the credentials that are on it."""
        import httpx2

        client, deed = self._setup.connections.own(), self._deed
        try:
            url = httpx2.URL(path).copy_merge_params(params or {})
            request = client.build_request(
                deed.method, url, headers=deed.headers, timeout=self._timeouts(), **deed.body
            )
        except httpx2.InvalidURL:
            raise ProviderError("the path makes no valid URL: correct the plugin", permanent=True) from None
        if not same_origin(request.url, client.base_url):
            raise ProviderError(
                "not asked: the URL is on another host, which must not get the credentials",
                permanent=True,
            )
        used = self._setup.auth.apply(request) if self._setup.auth is not None else ""
        for intercept in self._setup.on_request:
            intercept(request)
        return request, used

    def _timeouts(self) -> httpx2.Timeout:
        import httpx2

        limits = self._setup.limits
        connect, read = seconds_left(limits.connect), seconds_left(limits.read)
        return httpx2.Timeout(connect=connect, read=read, write=read, pool=connect)

    def _sent(self, client: httpx2.Client, request: httpx2.Request, *, ours: bool) -> Answer:
        """The answer to one request, read whole, whatever it says. Waits where the vendor takes none at the moment."""
        if ours:
            self._take_turn()
        breaker = self._setup.breakers.of(request.url.netloc.decode("ascii"))
        if rest := breaker.admit():
            raise NotSent("not asked: it has failed many times in a row, and is left alone", retry_after=rest)
        answer = self._judged(breaker, client, request)
        if ours:
            self._setup.allowance.heard(answer.status, answer.headers)
        return answer

    def _take_turn(self) -> None:
        while wait := self._setup.allowance.take():
            if wait >= seconds_left(math.inf):
                raise RateLimited("not asked: it takes no more requests for now", retry_after=wait)
            sleep(wait)

    def _judged(self, breaker: Breaker, client: httpx2.Client, request: httpx2.Request) -> Answer:
        """Exchange, and tell the breaker what that says about the host."""
        fair = seconds_left(math.inf) >= _FAIR
        verdict = breaker.abandoned
        try:
            answer = self._exchanged(client, request)
            verdict = breaker.failed if answer.status >= 500 and answer.status not in (501, 505) else breaker.succeeded
        except Unreachable as error:
            verdict = breaker.failed if fair and not isinstance(error, Busy) else breaker.abandoned
            raise
        finally:
            verdict()
        return answer

    def _exchanged(self, client: httpx2.Client, request: httpx2.Request) -> Answer:
        from .body import read_whole

        setup, deed = self._setup, self._deed
        with translated():
            response = client.send(request, stream=True)
            self.status, self.request_id = response.status_code, self._named(response.headers)
            try:
                whole = read_whole(response, request, setup.limits.answer)
            finally:
                response.close()
        if whole is None:
            raise ProviderError(
                f"the answer is larger than {setup.limits.answer} bytes: ask for less, or allow more (Limits.answer)",
                permanent=True,
                status=self.status,
            )
        for intercept in setup.on_response:
            intercept(whole)
        links = {name: link["url"] for name, link in whole.links.items() if name and "url" in link}
        return Answer(
            setup.provider, deed.operation, whole.status_code, whole.headers, whole.content, self.request_id, links
        )

    def _named(self, headers: Mapping[str, str]) -> str:
        found = (as_request_id(headers.get(name)) for name in self._setup.request_id_headers)
        return next(filter(None, found), "")
