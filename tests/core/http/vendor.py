"""A vendor on this machine: a real HTTP server that answers as a test tells it, and remembers what it was asked."""

from __future__ import annotations

import json
import ssl
import threading
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any


@dataclass
class Request:
    method: str
    path: str
    headers: Mapping[str, str]
    body: bytes
    peer: tuple[str, int]

    @property
    def json(self) -> Any:
        return json.loads(self.body)


@dataclass
class Reply:
    """`raw` writes the whole answer itself, head included, and the connection is closed after it."""

    status: int = 200
    json: Any = None
    headers: Mapping[str, str] = field(default_factory=dict)
    body: bytes | None = None
    raw: Callable[[Any], None] | None = None

    def content(self) -> bytes:
        return self.body if self.body is not None else json.dumps(self.json).encode()


@dataclass
class Vendor:
    port: int
    asked: list[Request] = field(default_factory=list)
    answer: Callable[[Request], Reply] = field(default=lambda request: Reply(json={"ok": True}))

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    def replies(self, *replies: Reply) -> None:
        """Give these in turn, and the last one for ever after."""
        left = list(replies)
        lock = threading.Lock()

        def next_one(request: Request) -> Reply:
            with lock:
                return left.pop(0) if len(left) > 1 else left[0]

        self.answer = next_one


@contextmanager
def vendor(tls: ssl.SSLContext | None = None) -> Iterator[Vendor]:
    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"
        disable_nagle_algorithm = True

        def handle_any(self) -> None:
            body = self.rfile.read(int(self.headers.get("Content-Length", 0)))
            request = Request(self.command, self.path, dict(self.headers), body, self.client_address)
            found.asked.append(request)
            reply = found.answer(request)
            with suppress(OSError):
                if reply.raw is not None:
                    self.close_connection = True
                    reply.raw(self.wfile)
                    return
                content = b"" if request.method == "HEAD" else reply.content()
                self.send_response(reply.status)
                for name, value in {"Content-Length": str(len(content)), **reply.headers}.items():
                    self.send_header(name, value)
                self.end_headers()
                self.wfile.write(content)

        do_GET = do_POST = do_PUT = do_PATCH = do_DELETE = do_HEAD = handle_any  # noqa: N815 - names of http.server

        def log_message(self, *args: Any) -> None:
            """Say nothing."""

    class Server(ThreadingHTTPServer):
        daemon_threads = True
        request_queue_size = 128

        def handle_error(self, *args: Any) -> None:
            """A client that hangs up is what some tests are about."""

    server = Server(("127.0.0.1", 0), Handler)
    if tls is not None:
        server.socket = tls.wrap_socket(server.socket, server_side=True, do_handshake_on_connect=False)
    found = Vendor(server.server_port)
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01}, daemon=True)
    thread.start()
    try:
        yield found
    finally:
        server.shutdown()
        thread.join()
        server.server_close()
