"""Bodies that are too large, never end, end too early, or are packed to burst."""

from __future__ import annotations

import gzip
import time
import tracemalloc
from typing import Any

import pytest

from pegboard.errors import ProviderError, Unreachable
from pegboard.http import Limits
from pegboard.testing.faults import FaultProxy
from tests.core.http.conftest import Connect
from tests.core.http.vendor import Reply, Vendor

HEAD = b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n"


def endless(wire: Any) -> None:
    wire.write(HEAD)
    while True:
        wire.write(b"1000\r\n" + bytes(4096) + b"\r\n")


def dripping(wire: Any) -> None:
    """One byte every so often: no timeout of a socket ever strikes."""
    wire.write(HEAD)
    while True:
        wire.write(b"1\r\nx\r\n")
        time.sleep(0.02)


def dripping_head(wire: Any) -> None:
    wire.write(b"HTTP/1.1 200 OK\r\nX-Slow: ")
    while True:
        wire.write(b"x")
        time.sleep(0.02)


def test_a_body_without_end_is_cut_off_at_the_size_that_is_taken(vendor: Vendor, connect: Connect) -> None:
    vendor.replies(Reply(raw=endless))
    with pytest.raises(ProviderError, match="the answer is larger than 100000 bytes") as caught:
        connect(limits=Limits(answer=100_000)).get("/")
    assert caught.value.permanent
    assert len(vendor.asked) == 1


@pytest.mark.parametrize("drip", [dripping, dripping_head])
def test_one_that_comes_drop_by_drop_for_ever_ends_with_the_time_for_the_call(
    vendor: Vendor, connect: Connect, drip: Any
) -> None:
    vendor.replies(Reply(raw=drip))
    with pytest.raises(Unreachable, match="no whole answer in the time there was"):
        connect(limits=Limits(read=5, total=0.4)).get("/")


def test_one_that_says_that_it_is_too_large_is_not_read(vendor: Vendor, connect: Connect) -> None:
    vendor.replies(Reply(raw=lambda wire: wire.write(b"HTTP/1.1 200 OK\r\nContent-Length: 99999999999\r\n\r\n")))
    with pytest.raises(ProviderError, match="is larger than"):
        connect().get("/")


def test_a_head_may_say_how_large_the_body_would_be(vendor: Vendor, connect: Connect) -> None:
    vendor.replies(Reply(headers={"Content-Length": "99999999999"}))
    assert connect().request("HEAD", "/").body == b""


def test_a_small_packed_body_that_is_large_unpacked_is_refused_before_it_fills_the_memory(
    vendor: Vendor, connect: Connect
) -> None:
    bomb = gzip.compress(bytes(100 * 1024 * 1024))
    vendor.replies(Reply(body=bomb, headers={"Content-Encoding": "gzip"}))
    client = connect(limits=Limits(answer=1_000_000))
    tracemalloc.start()
    try:
        with pytest.raises(ProviderError, match="is larger than"):
            client.get("/")
        _, most = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert most < 32 * 1024 * 1024


def test_a_packed_body_is_unpacked(vendor: Vendor, connect: Connect) -> None:
    vendor.replies(Reply(body=gzip.compress(b"[1, 2]"), headers={"Content-Encoding": "gzip"}))
    assert connect().get("/").json() == [1, 2]


@pytest.mark.parametrize(
    "answer",
    [
        b"HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\n{",
        HEAD + b'5\r\n{"a"',
        HEAD + b'5\r\n{"a":\r\n',
        b"HTTP/1.1 200 OK\r\nContent-Le",
        b"",
    ],
)
def test_a_body_that_is_cut_is_no_answer(vendor: Vendor, connect: Connect, answer: bytes) -> None:
    vendor.replies(Reply(raw=lambda wire: wire.write(answer)))
    with pytest.raises(Unreachable, match=r"^shop GET: the connection was cut before the answer was whole$"):
        connect(limits=Limits(tries=1)).get("/")


def test_one_that_is_cut_is_asked_for_again(vendor: Vendor, connect: Connect) -> None:
    cut = b"HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\n{"
    vendor.replies(Reply(raw=lambda wire: wire.write(cut)), Reply(json=[1]))
    assert connect().get("/").json() == [1]


def test_a_network_that_cuts_is_said_alike(vendor: Vendor, connect: Connect) -> None:
    vendor.replies(Reply(json="x" * 1000))
    with FaultProxy(vendor.port) as proxy:
        proxy.cut_after(500)
        with pytest.raises(Unreachable, match="was cut before the answer was whole"):
            connect(f"http://127.0.0.1:{proxy.port}", limits=Limits(tries=1)).get("/")


def test_a_connection_that_is_reset_is_said(vendor: Vendor, connect: Connect) -> None:
    with FaultProxy(vendor.port) as proxy:
        proxy.reset()
        with pytest.raises(Unreachable, match=r"the connection broke|was cut|no connection"):
            connect(f"http://127.0.0.1:{proxy.port}", limits=Limits(tries=1)).get("/")


def test_what_is_no_http_is_said_without_quoting_it(vendor: Vendor, connect: Connect) -> None:
    vendor.replies(Reply(raw=lambda wire: wire.write(b"SSH-2.0-hush\r\n\r\n")))
    with pytest.raises(Unreachable) as caught:
        connect(limits=Limits(tries=1)).get("/")
    assert "hush" not in str(caught.value)


def test_a_body_packed_wrongly_is_said(vendor: Vendor, connect: Connect) -> None:
    vendor.replies(Reply(body=b"this is not gzip", headers={"Content-Encoding": "gzip"}))
    with pytest.raises(Unreachable, match="cannot be unpacked"):
        connect(limits=Limits(tries=1)).get("/")
