"""A server that is down, slow, full, elsewhere or not one at all: what the provider says, and what the key still holds."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator, Mapping
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from io import BytesIO
from pathlib import Path
from typing import Any

import pytest

from pegboard.errors import NotFound, ProviderError
from pegboard.testing.faults import FaultProxy
from pegboard.web.served_files import Links
from pegboard_webdav_files.provider import WebDAVFileStorage
from pegboard_webdav_files.settings import WebDAVFilesSettings

OPERATIONS = ["put", "read", "stat", "delete", "copy", "check"]


def storage_at(url: str, **settings: Any) -> WebDAVFileStorage:
    links = Links("webdav_files", keys=["a key for tests alone"], base_url=lambda: "http://board.test")
    return WebDAVFileStorage(WebDAVFilesSettings(**{"url": url, **settings}), links)


@pytest.fixture
def storage(plugin_settings: Mapping[str, Any]) -> WebDAVFileStorage:
    return storage_at(**plugin_settings)


@pytest.fixture
def through(proxy: FaultProxy, plugin_settings: Mapping[str, Any]) -> WebDAVFileStorage:
    """The same server behind the bad network."""
    return storage_at(**{**plugin_settings, "url": f"http://127.0.0.1:{proxy.port}", "seconds": 0.5})


def perform(storage: WebDAVFileStorage, operation: str, key: str = "failing/a") -> None:
    def read() -> None:
        with storage.read(key) as pieces:
            b"".join(pieces)

    calls: dict[str, Callable[[], object]] = {
        "put": lambda: storage.put(key, BytesIO(b"new"), size=3),
        "read": read,
        "stat": lambda: storage.stat(key),
        "delete": lambda: storage.delete(key),
        "copy": lambda: storage.copy(key, "failing/b"),
        "check": storage.check,
    }
    calls[operation]()


def content(storage: WebDAVFileStorage, key: str = "failing/a") -> bytes:
    with storage.read(key) as pieces:
        return b"".join(pieces)


def aside(folder: Path) -> list[str]:
    return [path.name for path in (folder / "@aside").iterdir()]


@pytest.mark.parametrize("operation", OPERATIONS)
def test_a_server_that_is_down_is_tried_again_later(
    storage: WebDAVFileStorage, through: WebDAVFileStorage, proxy: FaultProxy, operation: str
) -> None:
    storage.put("failing/a", BytesIO(b"old"))
    proxy.refuse()
    with pytest.raises(ProviderError, match="webdav_files") as failed:
        perform(through, operation)
    assert (failed.value.provider, bool(failed.value.operation)) == ("webdav_files", True)
    assert not failed.value.permanent
    assert content(storage) == b"old"


@pytest.mark.parametrize("operation", OPERATIONS)
def test_a_server_that_says_nothing_is_given_up(
    storage: WebDAVFileStorage, through: WebDAVFileStorage, proxy: FaultProxy, operation: str
) -> None:
    storage.put("failing/a", BytesIO(b"old"))
    proxy.blackhole()
    with pytest.raises(ProviderError, match="did not answer in time") as failed:
        perform(through, operation)
    assert not failed.value.permanent
    assert content(storage) == b"old"


def test_a_slow_server_is_waited_for(through: WebDAVFileStorage, proxy: FaultProxy) -> None:
    proxy.slow(0.05)
    perform(through, "put", "failing/slow")
    assert content(through, "failing/slow") == b"new"


def test_an_upload_that_breaks_off_leaves_the_old_object_and_nothing_aside(
    storage: WebDAVFileStorage, folder: Path
) -> None:
    class Breaks(BytesIO):
        def read(self, size: int | None = -1, /) -> bytes:
            if piece := super().read(size):
                return piece
            raise OSError("the visitor went away")

    storage.put("failing/a", BytesIO(b"old"))
    with pytest.raises(OSError, match="the visitor went away"):
        storage.put("failing/a", Breaks(b"x" * 1_000_000))
    assert content(storage) == b"old"
    assert aside(folder) == []


def test_a_wrong_password_is_final_and_not_shown(plugin_settings: Mapping[str, Any]) -> None:
    storage = storage_at(**{**plugin_settings, "password": "a wrong secret"})
    with pytest.raises(ProviderError, match="does not accept user and password") as failed:
        storage.put("failing/a", BytesIO(b"new"))
    assert failed.value.permanent
    assert "wrong secret" not in f"{failed.value!r} {failed.value}"


def test_a_folder_that_is_not_there_is_said_to_be_missing(plugin_settings: Mapping[str, Any]) -> None:
    storage = storage_at(**{**plugin_settings, "url": f"{plugin_settings['url']}/no/such/folder"})
    with pytest.raises(ProviderError, match="create it, or correct url"):
        storage.put("failing/a", BytesIO(b"new"))


def test_several_boards_may_have_folders_of_one_server(plugin_settings: Mapping[str, Any], folder: Path) -> None:
    (folder / "shop").mkdir()
    shop = storage_at(**{**plugin_settings, "url": f"{plugin_settings['url']}/shop/"})
    shop.put("below/deep/a", BytesIO(b"hello"))
    assert content(shop, "below/deep/a") == b"hello"
    assert (folder / "shop/below/deep/a@").is_file()
    with pytest.raises(NotFound):
        storage_at(**plugin_settings).stat("below/deep/a")


def test_a_file_that_is_not_ours_is_not_taken_for_one(storage: WebDAVFileStorage, folder: Path) -> None:
    for name, data in {"foreign": b"x" * 10_000, "short": b"x", "empty": b""}.items():
        (folder / f"{name}@").write_bytes(data)
        with pytest.raises(ProviderError, match="does not begin with its record") as failed:
            storage.stat(name)
        assert failed.value.permanent


def test_the_longest_metadata_have_room(storage: WebDAVFileStorage) -> None:
    names = [*"abcdefghijklmnopqrstuvwxyz", *(f"{a}{b}" for a in "abcdefghijkl" for b in "abcdefghijklmnopqrstuvwxyz0")]
    metadata = {name: '"' for name in names}
    assert sum(len(name) + 1 for name in names) in range(1015, 1025)
    longest = f"{'a' * 101}/{'b' * 101}; charset={'c' * 40}"
    storage.put("failing/long", BytesIO(b"hello"), content_type=longest, metadata=metadata)
    stat = storage.stat("failing/long")
    assert (stat.size, stat.content_type, dict(stat.metadata)) == (5, longest, metadata)


@pytest.fixture
def answering() -> Iterator[Callable[[int, Mapping[str, str]], str]]:
    """Makes a server that gives one answer to everything; says its URL."""
    servers: list[ThreadingHTTPServer] = []

    def start(status: int, headers: Mapping[str, str]) -> str:
        class Answer(BaseHTTPRequestHandler):
            def answer(self) -> None:
                self.send_response(status)
                for name, value in {"Content-Length": "0", **headers}.items():
                    self.send_header(name, value)
                self.end_headers()

            do_GET = do_PUT = do_DELETE = do_MKCOL = do_MOVE = answer

            def log_message(self, format: str, *args: object) -> None:
                """Nobody reads it."""

        server = ThreadingHTTPServer(("127.0.0.1", 0), Answer)
        servers.append(server)
        threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01}, daemon=True).start()
        return f"http://127.0.0.1:{server.server_port}"

    yield start
    for server in servers:
        server.shutdown()
        server.server_close()


@pytest.mark.parametrize(
    ("status", "headers", "message", "permanent", "retry_after"),
    [
        (207, {}, "207", False, None),
        (302, {"Location": "http://elsewhere.test/"}, "we do not follow", True, None),
        (403, {}, "the right to read and write", True, None),
        (423, {}, "locked", False, None),
        (429, {"Retry-After": "7"}, "429", False, 7),
        (501, {}, "another kind of server", True, None),
        (503, {"Retry-After": "30"}, "503", False, 30),
        (507, {}, "no space left", False, None),
    ],
)
@pytest.mark.parametrize("operation", ["put", "stat", "delete"])
def test_an_answer_becomes_an_error_that_says_whether_to_try_again(
    answering: Callable[[int, Mapping[str, str]], str],
    operation: str,
    status: int,
    headers: Mapping[str, str],
    message: str,
    permanent: bool,
    retry_after: float | None,
) -> None:
    with pytest.raises(ProviderError, match=message) as failed:
        perform(storage_at(answering(status, headers)), operation)
    assert (failed.value.permanent, failed.value.retry_after) == (permanent, retry_after)


def test_a_server_that_gives_no_length_is_refused(answering: Callable[[int, Mapping[str, str]], str]) -> None:
    with pytest.raises(ProviderError, match="how long the file is"):
        storage_at(answering(206, {})).stat("a")
