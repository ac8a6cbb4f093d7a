"""The store is down, slow, or cuts the line: pages get an error they can answer with, soon, and nothing is half done."""

from __future__ import annotations

import io
import socket
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from threading import Thread
from urllib.parse import urlsplit

import pytest

from pegboard.errors import NotFound, ProviderError
from pegboard.testing.faults import FaultProxy
from pegboard.testing.files.streams import Pattern
from pegboard_s3_storage.client import QUICK
from pegboard_s3_storage.peer import Seaweed
from pegboard_s3_storage.provider import S3FileStorage
from pegboard_s3_storage.settings import S3Settings

PAGE = 5  # seconds in which a page must have answered
HANGS = 15  # seconds after which a call, without limits of its own, would still be waiting
MEGABYTE = 1024 * 1024
Break = Callable[[FaultProxy], None]


@pytest.fixture
def proxy(server: Seaweed) -> Iterator[FaultProxy]:
    port = urlsplit(server.endpoint_url).port
    assert port is not None
    with FaultProxy(port) as proxy:
        yield proxy


@pytest.fixture
def storage(server: Seaweed, proxy: FaultProxy) -> S3FileStorage:
    """One that has been used before the fault sets in, with connections open."""
    endpoint = f"http://127.0.0.1:{proxy.port}"
    storage = S3FileStorage(S3Settings.model_validate({**server.settings, "endpoint_url": endpoint}))
    storage.put("kept", io.BytesIO(b"0123456789"), size=10)
    return storage


def read_all(storage: S3FileStorage, key: str, end: int | None = None) -> bytes:
    with storage.read(key, end=end) as chunks:
        return b"".join(chunks)


FAULTS: dict[str, Break] = {
    "refused": FaultProxy.refuse,
    "silent": FaultProxy.blackhole,
    "reset": FaultProxy.reset,
    "cut": lambda proxy: proxy.cut_after(5),
    "slow": lambda proxy: proxy.slow(10),
}
CALLS: dict[str, Callable[[S3FileStorage], object]] = {
    "stat": lambda storage: storage.stat("kept"),
    "delete": lambda storage: storage.delete("kept"),
    "copy": lambda storage: storage.copy("kept", "copied"),
    "read": lambda storage: read_all(storage, "kept"),
    "put": lambda storage: storage.put("new", io.BytesIO(b"new"), size=3),
    "check": lambda storage: storage.check(),
}


@pytest.mark.parametrize("fault", FAULTS)
def test_a_store_that_fails_is_reported_in_time_and_may_be_tried_again(
    storage: S3FileStorage, proxy: FaultProxy, fault: str
) -> None:
    FAULTS[fault](proxy)
    with ThreadPoolExecutor(len(CALLS)) as pool:
        outcomes = {call: pool.submit(outcome, CALLS[call], storage) for call in CALLS}
    for call, future in outcomes.items():
        error = future.result(timeout=HANGS)
        assert isinstance(error, ProviderError), (call, error)
        assert not isinstance(error, NotFound), (call, error)
        assert not error.permanent, (call, error)
        assert (error.provider, error.operation) == ("s3", call)
    proxy.heal()
    storage.put("kept", io.BytesIO(b"0123456789"), size=10)
    assert read_all(storage, "kept") == b"0123456789"


def outcome(call: Callable[[S3FileStorage], object], storage: S3FileStorage) -> Exception | None:
    try:
        call(storage)
    except Exception as error:  # noqa: BLE001 - the test looks at what it is
        return error
    return None


def test_a_call_that_a_page_waits_for_ends_before_the_page_must() -> None:
    assert QUICK < PAGE


class ScriptedStore:
    """A store that gives one answer, whatever it is asked, and hangs up."""

    def __init__(self, answer: bytes) -> None:
        self._answer = answer
        self._listener = socket.create_server(("127.0.0.1", 0))
        endpoint = f"http://127.0.0.1:{self._listener.getsockname()[1]}"
        values = {"bucket": "files", "preset": "generic", "access_key_id": "a", "secret_access_key": "b"}
        self.settings = S3Settings.model_validate({**values, "endpoint_url": endpoint})

    def __enter__(self) -> S3FileStorage:
        Thread(target=self._serve, daemon=True).start()
        return S3FileStorage(self.settings)

    def __exit__(self, *_: object) -> None:
        self._listener.shutdown(socket.SHUT_RDWR)
        self._listener.close()

    def _serve(self) -> None:
        while True:
            try:
                connection, _ = self._listener.accept()
            except OSError:
                return
            with connection, suppress(OSError):
                connection.recv(65536)
                connection.sendall(self._answer)
                connection.shutdown(socket.SHUT_RDWR)


@pytest.mark.parametrize(
    "answer", [b"HTTP/1.1 200 OK\r\nServer: x\r\nConte", b"HTTP/1.1 200 OK\r\nServer: x\r\n\r\nhalf"]
)
@pytest.mark.parametrize("call", ["stat", "read", "put", "copy"])
def test_an_answer_that_is_cut_in_its_headers_is_none(call: str, answer: bytes) -> None:
    with ScriptedStore(answer) as storage:
        error = outcome(CALLS[call], storage)
    assert isinstance(error, ProviderError)
    assert not error.permanent


def test_a_store_that_is_busy_says_when_to_come_back() -> None:
    body = b"<Error><Code>SlowDown</Code><Message>Please reduce your request rate.</Message></Error>"
    head = f"HTTP/1.1 503 Slow Down\r\nRetry-After: 7\r\nContent-Length: {len(body)}\r\n\r\n".encode()
    with ScriptedStore(head + body) as storage:
        error = outcome(CALLS["delete"], storage)
    assert isinstance(error, ProviderError)
    assert (error.permanent, error.retry_after) == (False, 7)
    assert "SlowDown: Please reduce your request rate." in str(error)


@pytest.mark.parametrize(
    ("status", "code", "permanent", "words"),
    [
        ("403 Forbidden", "AccessDenied", True, "may not do this"),
        ("400 Bad Request", "ExpiredToken", True, "have expired"),
        ("400 Bad Request", "RequestTimeout", False, "RequestTimeout"),
        ("403 Forbidden", "RequestTimeTooSkewed", True, "clock is wrong"),
        ("409 Conflict", "OperationAborted", False, "OperationAborted"),
        ("501 Not Implemented", "NotImplemented", True, "NotImplemented"),
        ("500 Internal Server Error", "InternalError", False, "InternalError"),
    ],
)
def test_the_word_of_the_store_decides_whether_to_try_again(
    status: str, code: str, permanent: bool, words: str
) -> None:
    body = f"<Error><Code>{code}</Code><Message>said the store</Message></Error>".encode()
    with ScriptedStore(f"HTTP/1.1 {status}\r\nContent-Length: {len(body)}\r\n\r\n".encode() + body) as storage:
        error = outcome(CALLS["delete"], storage)
    assert isinstance(error, ProviderError)
    assert error.permanent is permanent
    assert words in str(error)


@pytest.mark.parametrize("fault", FAULTS)
def test_signing_needs_no_store(storage: S3FileStorage, proxy: FaultProxy, fault: str) -> None:
    FAULTS[fault](proxy)
    assert storage.url("kept")
    assert storage.public_url("public/kept")
    assert storage.sign_upload("new", size=1, content_type="image/png").url


def test_connections_that_died_while_idle_are_replaced(storage: S3FileStorage, proxy: FaultProxy) -> None:
    proxy.drop_all()
    assert storage.stat("kept").size == 10
    proxy.drop_all()
    storage.put("kept", io.BytesIO(b"again"), size=5)
    proxy.drop_all()
    assert read_all(storage, "kept") == b"again"


def test_a_download_that_is_cut_raises_and_does_not_just_end(storage: S3FileStorage, proxy: FaultProxy) -> None:
    storage.put("long", Pattern(24 * MEGABYTE), size=24 * MEGABYTE)  # more than lies in the buffers of sockets
    with storage.read("long") as chunks:
        next(chunks)
        proxy.cut_after(100_000)
        with pytest.raises(ProviderError) as caught:
            list(chunks)
    assert not caught.value.permanent


def test_an_upload_that_is_cut_half_way_leaves_nothing(storage: S3FileStorage, proxy: FaultProxy) -> None:
    class Falling(Pattern):
        """Takes the store down when the second part is being read."""

        def __init__(self, size: int) -> None:
            super().__init__(size)
            self.given = 0

        def read(self, size: int, /) -> bytes:
            self.given += size
            if self.given > 12 * MEGABYTE:
                proxy.refuse()
            return super().read(size)

    with pytest.raises(ProviderError) as caught:
        storage.put("falling", Falling(30 * MEGABYTE), size=30 * MEGABYTE)
    assert not caught.value.permanent
    proxy.heal()
    with pytest.raises(NotFound):
        storage.stat("falling")


def test_a_slow_store_that_answers_in_time_is_waited_for(storage: S3FileStorage, proxy: FaultProxy) -> None:
    proxy.slow(0.5)
    assert storage.stat("kept").size == 10
