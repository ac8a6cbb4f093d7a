"""The client of one WebDAV server: single requests with a time limit each, redirects not followed."""

from __future__ import annotations

import ssl
from base64 import b64encode
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from functools import cached_property
from http.client import HTTPConnection, HTTPResponse, HTTPSConnection
from urllib.parse import urlsplit

from pegboard.contracts.files import CHUNK
from pegboard.deadline import seconds_left

from .failures import cut_short, refused, translated
from .settings import WebDAVFilesSettings

DONE = (200, 201, 204)
"""The answers that say so: 202 says that it is yet to be done, 207 that it was done in part."""


class Server:
    """Paths are below the folder that `url` names. Each request has a connection of its own, so threads share nothing."""

    def __init__(self, settings: WebDAVFilesSettings) -> None:
        parts = urlsplit(settings.url)
        self._secure, self._host, self._folder = parts.scheme == "https", parts.netloc, parts.path.rstrip("/")
        self._seconds = settings.seconds
        self._headers = {}
        if settings.user is not None and settings.password is not None:
            account = f"{settings.user}:{settings.password.get_secret_value()}".encode()
            self._headers = {"Authorization": f"Basic {b64encode(account).decode()}"}

    def address(self, path: str) -> str:
        """The whole URL, as the header `Destination` wants it."""
        return f"{'https' if self._secure else 'http'}://{self._host}{self._folder}/{path}"

    def status(
        self, operation: str, method: str, path: str, *accepted: int, headers: Mapping[str, str] | None = None
    ) -> int:
        """The status of the answer, whose body does not matter. Raises unless it is done or `accepted`."""
        with self.ask(operation, method, path, headers or {}) as response:
            if response.status not in (*DONE, *accepted):
                raise refused(operation, response)
            return response.status

    @contextmanager
    def ask(
        self, operation: str, method: str, path: str, headers: Mapping[str, str], pieces: Iterable[bytes] | None = None
    ) -> Iterator[HTTPResponse]:
        """The answer, whatever its status. An error out of `pieces`, the body, passes through unchanged."""
        connection = self._connection(self._patience(operation))
        try:
            with translated(operation):
                connection.connect()
                connection.putrequest(method, f"{self._folder}/{path}", skip_accept_encoding=True)
                for name, value in {**self._headers, **headers, **_framing(pieces)}.items():
                    connection.putheader(name, value)
                connection.endheaders()
            for piece in pieces or ():
                self._send(operation, connection, b"%x\r\n%b\r\n" % (len(piece), piece))
            if pieces is not None:
                self._send(operation, connection, b"0\r\n\r\n")
            with translated(operation):
                connection.sock.settimeout(self._patience(operation))
                response = connection.getresponse()
            with response:  # where the server hangs up after its answer, the connection does not close it
                yield response
        finally:
            connection.close()

    def body(self, operation: str, response: HTTPResponse, count: int) -> Iterator[bytes]:
        """The next `count` bytes of an answer, or as many as come."""
        while count > 0:
            self._patience(operation)
            with translated(operation):
                piece = response.read(min(CHUNK, count))
            if not piece:
                return
            count -= len(piece)
            yield piece

    def _connection(self, seconds: float) -> HTTPConnection:
        if self._secure:
            return HTTPSConnection(self._host, timeout=seconds, context=self._trust)
        return HTTPConnection(self._host, timeout=seconds)

    @cached_property
    def _trust(self) -> ssl.SSLContext:
        return ssl.create_default_context()

    def _send(self, operation: str, connection: HTTPConnection, data: bytes) -> None:
        with translated(operation):
            connection.sock.settimeout(self._patience(operation))
            connection.send(data)

    def _patience(self, operation: str) -> float:
        """Seconds that the next step may take: never none, which would mean for ever."""
        seconds = seconds_left(self._seconds)
        if seconds <= 0:
            raise cut_short(operation, "not asked: calls before it took all the time there was")
        return seconds


def _framing(pieces: Iterable[bytes] | None) -> dict[str, str]:
    return {"Content-Length": "0"} if pieces is None else {"Transfer-Encoding": "chunked"}
