"""Where a redirect may lead: within the vendor's own host as before, elsewhere without credentials and over https."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from .answers import Answer
from .refusals import refusal

if TYPE_CHECKING:
    import httpx2

_CARRIED = ("accept", "accept-encoding", "accept-language", "user-agent")


@dataclass(frozen=True, slots=True)
class Hop:
    """Where to go next. To strangers go only `headers` that open nothing."""

    url: httpx2.URL
    stranger: bool
    headers: dict[str, str]


def hop(request: httpx2.Request, answer: Answer, home: httpx2.URL) -> Hop:
    """The next step of a redirect. ProviderError where it is not one to take."""
    import httpx2

    try:
        url = request.url.join(answer.headers.get("location", ""))
    except (httpx2.InvalidURL, ValueError):
        raise answer.failure("it redirects to something that is no URL") from None
    if request.method not in ("GET", "HEAD"):
        raise refusal(answer)
    if url.scheme not in ("http", "https") or not url.host or url.userinfo:
        raise answer.failure("it redirects to something that is no URL of the web, and that is never followed")
    if request.url.scheme == "https" and url.scheme != "https":
        raise answer.failure("it redirects from https down to http, and that is never followed")
    carried = {name: request.headers[name] for name in _CARRIED if name in request.headers}
    return Hop(url, stranger=not same_origin(url, home), headers=carried)


def same_origin(one: httpx2.URL, other: httpx2.URL) -> bool:
    return (one.scheme, one.host, _port(one)) == (other.scheme, other.host, _port(other))


def _port(url: httpx2.URL) -> int:
    return url.port or (443 if url.scheme == "https" else 80)
