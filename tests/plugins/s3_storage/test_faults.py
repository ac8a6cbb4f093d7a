"""The store is down, slow, or cuts the line: pages get an error they can answer with, soon, and nothing is half done."""

from __future__ import annotations

import io
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from urllib.parse import urlsplit

import pytest

from pegboard.errors import NotFound, ProviderError
from pegboard.testing.faults import FaultProxy
from pegboard.testing.files.streams import Pattern
from pegboard_s3_storage.peer import Seaweed
from pegboard_s3_storage.provider import S3FileStorage
from pegboard_s3_storage.settings import S3Settings

LIMIT = 5  # seconds, in which a page must have answered
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
        error, seconds = future.result()
        assert isinstance(error, ProviderError), (call, error)
        assert not isinstance(error, NotFound), (call, error)
        assert not error.permanent, (call, error)
        assert (error.provider, error.operation) == ("s3", call)
        assert seconds < LIMIT, call
    proxy.heal()
    storage.put("kept", io.BytesIO(b"0123456789"), size=10)
    assert read_all(storage, "kept") == b"0123456789"


def outcome(call: Callable[[S3FileStorage], object], storage: S3FileStorage) -> tuple[Exception | None, float]:
    begun = time.monotonic()
    try:
        call(storage)
    except Exception as error:  # noqa: BLE001 - the test looks at what it is
        return error, time.monotonic() - begun
    return None, time.monotonic() - begun


@pytest.mark.parametrize("call", ["stat", "read", "put", "copy"])
def test_an_answer_that_is_cut_in_its_headers_is_none(storage: S3FileStorage, proxy: FaultProxy, call: str) -> None:
    proxy.cut_after(60)
    error, _ = outcome(CALLS[call], storage)
    assert isinstance(error, ProviderError)
    assert not error.permanent


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
