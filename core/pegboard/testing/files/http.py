"""What a browser does with signed URLs, on the standard library: plain requests, forms, and uploads that break off."""

from __future__ import annotations

import http.client
import secrets
from collections.abc import Mapping
from dataclasses import dataclass
from urllib.parse import urlsplit

from pegboard.contracts.files import SignedUpload

_TIMEOUT = 20  # seconds


@dataclass(frozen=True, slots=True)
class Answer:
    """An HTTP response; the names of its headers are in lower case."""

    status: int
    headers: Mapping[str, str]
    body: bytes

    @property
    def ok(self) -> bool:
        return 200 <= self.status < 300

    @property
    def refused(self) -> bool:
        return 400 <= self.status < 500


def fetch(
    url: str, method: str = "GET", *, headers: Mapping[str, str] | None = None, body: bytes | None = None
) -> Answer:
    """One request, without cookies and without following redirects."""
    connection, target = _connect(url)
    try:
        connection.request(method, target, body=body, headers=dict(headers or {}))
        return _answer(connection)
    finally:
        connection.close()


def perform(
    upload: SignedUpload, body: bytes, *, content_type: str | None = None, headers: Mapping[str, str] | None = None
) -> Answer:
    """Send the file as a browser does. `content_type` replaces the one that was signed; `headers` come on top."""
    headers = {**upload.headers, **(headers or {})}
    if upload.method == "PUT":
        if content_type is not None:
            headers["Content-Type"] = content_type
        return fetch(upload.url, "PUT", headers=headers, body=body)
    fields = dict(upload.fields)
    if content_type is not None:
        fields["Content-Type"] = content_type
    boundary = secrets.token_hex(16)
    headers["Content-Type"] = f"multipart/form-data; boundary={boundary}"
    return fetch(upload.url, "POST", headers=headers, body=_form(boundary, fields, body))


def perform_half(upload: SignedUpload, body: bytes) -> Answer | None:
    """Announce the whole file and stop half way. None where the server hung up without an answer."""
    boundary = secrets.token_hex(16)
    headers = dict(upload.headers)
    whole = body
    if upload.method == "POST":
        headers["Content-Type"] = f"multipart/form-data; boundary={boundary}"
        whole = _form(boundary, upload.fields, body)
    connection, target = _connect(upload.url)
    try:
        connection.putrequest(upload.method, target)
        for name, value in {**headers, "Content-Length": str(len(whole))}.items():
            connection.putheader(name, value)
        connection.endheaders(whole[: len(whole) - len(body) // 2])
        connection.sock.shutdown(1)  # no more from us, but an answer is welcome
        return _answer(connection)
    except (ConnectionError, http.client.HTTPException, TimeoutError):
        return None
    finally:
        connection.close()


def _connect(url: str) -> tuple[http.client.HTTPConnection, str]:
    parts = urlsplit(url)
    kind = http.client.HTTPSConnection if parts.scheme == "https" else http.client.HTTPConnection
    target = f"{parts.path or '/'}?{parts.query}" if parts.query else parts.path or "/"
    return kind(parts.netloc, timeout=_TIMEOUT), target


def _answer(connection: http.client.HTTPConnection) -> Answer:
    response = connection.getresponse()
    headers = {name.lower(): value for name, value in response.getheaders()}
    return Answer(response.status, headers, response.read())


def _form(boundary: str, fields: Mapping[str, str], body: bytes) -> bytes:
    parts = [
        f'--{boundary}\r\nContent-Disposition: form-data; name="{name}"\r\n\r\n{value}\r\n'
        for name, value in fields.items()
    ]
    head = f'--{boundary}\r\nContent-Disposition: form-data; name="file"; filename="file"\r\n\r\n'
    return "".join([*parts, head]).encode() + body + f"\r\n--{boundary}--\r\n".encode()
