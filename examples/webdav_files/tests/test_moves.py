"""The last step of a write, the move, when its answer is lost or refuses: the old object or the new one is always left."""

from __future__ import annotations

import socket
from collections.abc import Callable, Iterator, Mapping
from contextlib import suppress
from io import BytesIO
from pathlib import Path
from socketserver import BaseRequestHandler, ThreadingTCPServer
from threading import Thread
from typing import Any

import pytest

from pegboard.errors import ProviderError
from pegboard.web.served_files import Links
from pegboard_webdav_files.provider import WebDAVFileStorage
from pegboard_webdav_files.record import LENGTH
from pegboard_webdav_files.settings import WebDAVFilesSettings

Fate = Callable[[socket.socket, socket.socket, bytes], None]
"""What becomes of a MOVE: it is given the client, the server, and the request."""


class Proxy(ThreadingTCPServer):
    """Before the server: passes every request on but MOVE, which meets its `fate`. `seen` has the methods, in order."""

    daemon_threads = True
    block_on_close = False

    def __init__(self, target: int, fate: Fate) -> None:
        super().__init__(("127.0.0.1", 0), _Connection)
        self.target, self.fate = target, fate
        self.seen: list[str] = []


class _Connection(BaseRequestHandler):
    """One connection is one request: the provider keeps none."""

    server: Proxy

    def handle(self) -> None:
        with socket.create_connection(("127.0.0.1", self.server.target), timeout=10) as upstream, suppress(OSError):
            request = self.request.recv(65_536)
            method = request.partition(b" ")[0].decode()
            self.server.seen.append(method)
            if method == "MOVE":
                self.server.fate(self.request, upstream, request)
                return
            upstream.sendall(request)
            Thread(target=_pump, args=(self.request, upstream), daemon=True).start()
            _pump(upstream, self.request)


def _pump(source: socket.socket, sink: socket.socket) -> None:
    with suppress(OSError):
        while piece := source.recv(65_536):
            sink.sendall(piece)


Behind = Callable[[Fate], tuple[WebDAVFileStorage, Proxy]]


@pytest.fixture
def behind(port: int, plugin_settings: Mapping[str, Any]) -> Iterator[Behind]:
    """Makes a storage on the server behind such a proxy."""
    proxies: list[Proxy] = []

    def make(fate: Fate) -> tuple[WebDAVFileStorage, Proxy]:
        proxy = Proxy(port, fate)
        proxies.append(proxy)
        Thread(target=proxy.serve_forever, kwargs={"poll_interval": 0.01}, daemon=True).start()
        return storage_at(proxy.server_address[1], plugin_settings), proxy

    yield make
    for proxy in proxies:
        proxy.shutdown()
        proxy.server_close()


@pytest.fixture
def storage(port: int, plugin_settings: Mapping[str, Any]) -> WebDAVFileStorage:
    """On the server itself."""
    return storage_at(port, plugin_settings)


def storage_at(port: int, plugin_settings: Mapping[str, Any]) -> WebDAVFileStorage:
    links = Links("webdav_files", keys=["a key for tests alone"], base_url=lambda: "http://board.test")
    return WebDAVFileStorage(WebDAVFilesSettings(**{**plugin_settings, "url": f"http://127.0.0.1:{port}"}), links)


def content(storage: WebDAVFileStorage, key: str) -> bytes:
    with storage.read(key) as pieces:
        return b"".join(pieces)


def aside(folder: Path) -> dict[str, bytes]:
    """What lies aside, by name, without the records."""
    return {path.name: path.read_bytes()[LENGTH:] for path in (folder / "@aside").iterdir()}


@pytest.fixture
def before(storage: WebDAVFileStorage, folder: Path) -> Iterator[set[str]]:
    """What lay aside before the test; what it leaves there is removed. The folder `moves` is there."""
    storage.put("moves/any", BytesIO(b"any"))
    names = set(aside(folder))
    yield names
    for name in aside(folder).keys() - names:
        (folder / "@aside" / name).unlink()


def lost(client: socket.socket, server: socket.socket, request: bytes) -> None:
    """The server does it; its answer never arrives."""
    server.sendall(request)
    server.recv(65_536)


def test_a_move_whose_answer_is_lost_is_an_error_to_try_again_and_the_new_object_is_in_its_place(
    storage: WebDAVFileStorage, behind: Behind, folder: Path, before: set[str]
) -> None:
    storage.put("moves/lost", BytesIO(b"old"))
    unlucky, _ = behind(lost)
    with pytest.raises(ProviderError, match="webdav_files put") as failed:
        unlucky.put("moves/lost", BytesIO(b"new"))
    assert not failed.value.permanent
    assert content(storage, "moves/lost") == b"new"
    assert set(aside(folder)) == before


def test_a_server_that_stops_between_the_old_object_and_the_new_one_still_has_the_new_one_aside(
    storage: WebDAVFileStorage, behind: Behind, folder: Path, before: set[str]
) -> None:
    def halved(client: socket.socket, server: socket.socket, request: bytes) -> None:
        (folder / "moves/half@").unlink()

    storage.put("moves/half", BytesIO(b"old"))
    unlucky, proxy = behind(halved)
    with pytest.raises(ProviderError, match="webdav_files put"):
        unlucky.put("moves/half", BytesIO(b"new"))
    assert [data for name, data in aside(folder).items() if name not in before] == [b"new"]
    assert proxy.seen[-1] == "MOVE"
    storage.put("moves/half", BytesIO(b"new"))
    assert content(storage, "moves/half") == b"new"


@pytest.mark.parametrize(
    ("status", "kept"), [(403, False), (412, False), (423, False), (207, True), (500, True), (502, True)]
)
def test_a_move_that_is_refused_leaves_nothing_aside_and_one_that_failed_does(
    storage: WebDAVFileStorage, behind: Behind, folder: Path, before: set[str], status: int, kept: bool
) -> None:
    def answered(client: socket.socket, server: socket.socket, request: bytes) -> None:
        client.sendall(b"HTTP/1.1 %d No\r\nContent-Length: 0\r\nConnection: close\r\n\r\n" % status)

    storage.put("moves/refused", BytesIO(b"old"))
    unlucky, _ = behind(answered)
    with pytest.raises(ProviderError, match=str(status)):
        unlucky.put("moves/refused", BytesIO(b"new"))
    assert content(storage, "moves/refused") == b"old"
    assert [data for name, data in aside(folder).items() if name not in before] == ([b"new"] if kept else [])


def test_a_folder_that_cannot_be_made_leaves_nothing_aside(
    storage: WebDAVFileStorage, folder: Path, before: set[str]
) -> None:
    (folder / "moves/file").write_bytes(b"not a folder")
    with pytest.raises(ProviderError, match="409"):
        storage.put("moves/file/a", BytesIO(b"new"))
    assert set(aside(folder)) == before
