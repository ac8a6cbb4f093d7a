"""The question a browser asks a store before it uploads from another origin, and whether the answer lets it through."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from http.client import HTTPConnection, HTTPException, HTTPSConnection
from threading import Thread
from urllib.parse import urlsplit

from pegboard.contracts.files import SignedUpload

SECONDS = 4.0
_SIMPLE = frozenset({"GET", "HEAD", "POST"})  # methods that no answer needs to name


def origin_of(url: str) -> str:
    """The part of a URL that browsers compare."""
    parts = urlsplit(url)
    return f"{parts.scheme}://{parts.netloc}"


def objection(upload: SignedUpload, origin: str) -> str:
    """Why a browser on a page of `origin` could not send this upload; nothing where it could. Answers within 4 seconds."""
    names = ",".join(sorted(name.lower() for name in upload.headers))
    asked = {"Origin": origin, "Access-Control-Request-Method": upload.method}
    asked |= {"Access-Control-Request-Headers": names} if names else {}
    answers: list[tuple[int, Mapping[str, str]]] = []
    errors: list[str] = []

    def ask() -> None:
        try:
            answers.append(_options(upload.url, asked))
        except (OSError, HTTPException) as error:
            errors.append(str(error) or type(error).__name__)

    thread = Thread(target=ask, daemon=True)  # an answer that comes byte by byte must not hold up the command
    thread.start()
    thread.join(SECONDS)
    if answers:
        return _refusal(*answers[0], upload=upload, origin=origin)
    return f"its question was not answered: {errors[0] if errors else f'nothing within {SECONDS:g} s'}"


def _options(url: str, headers: Mapping[str, str]) -> tuple[int, Mapping[str, str]]:
    parts = urlsplit(url)
    kind: Callable[..., HTTPConnection] = HTTPSConnection if parts.scheme == "https" else HTTPConnection
    connection = kind(parts.netloc, timeout=SECONDS)
    try:
        connection.request("OPTIONS", f"{parts.path or '/'}?{parts.query}".rstrip("?"), headers=dict(headers))
        answer = connection.getresponse()
        return answer.status, {name.lower(): value for name, value in answer.getheaders()}
    finally:
        connection.close()


def _refusal(status: int, headers: Mapping[str, str], *, upload: SignedUpload, origin: str) -> str:
    """What is missing in an answer, in the order in which a browser looks."""
    if not 200 <= status < 300:
        return f"the store answers {status}"
    allowed = headers.get("access-control-allow-origin", "")
    if allowed not in ("*", origin):
        return f"the store allows {allowed}" if allowed else "the store allows no other origin"
    methods, names = (_listed(headers.get(f"access-control-allow-{what}", "")) for what in ("methods", "headers"))
    if upload.method not in _SIMPLE and not methods & {"*", upload.method.lower()}:
        return f"the store does not allow {upload.method}"
    if "*" not in names and (missing := {name.lower() for name in upload.headers} - names):
        return f"the store does not allow the header {', '.join(sorted(missing))}"
    return ""


def _listed(value: str) -> set[str]:
    return {part.strip().lower() for part in value.split(",") if part.strip()}
