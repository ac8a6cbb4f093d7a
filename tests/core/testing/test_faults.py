"""The proxy passes on what it is given, and does each thing that it is told to do wrong."""

from __future__ import annotations

import socket
from collections.abc import Iterator
from contextlib import suppress
from threading import Thread

import pytest

from pegboard.testing.faults import FaultProxy


@pytest.fixture
def echo() -> Iterator[int]:
    """The port of a server that sends back what it receives."""
    listener = socket.create_server(("127.0.0.1", 0))

    def answer(connection: socket.socket) -> None:
        with connection:
            try:
                while piece := connection.recv(1024):
                    connection.sendall(piece)
            except OSError:
                return

    def accept() -> None:
        while True:
            try:
                connection, _ = listener.accept()
            except OSError:
                return
            Thread(target=answer, args=(connection,), daemon=True).start()

    Thread(target=accept, daemon=True).start()
    yield listener.getsockname()[1]
    listener.shutdown(socket.SHUT_RDWR)
    listener.close()


@pytest.fixture
def proxy(echo: int) -> Iterator[FaultProxy]:
    with FaultProxy(echo) as proxy:
        yield proxy


def connect(proxy: FaultProxy, timeout: float = 5) -> socket.socket:
    return socket.create_connection(("127.0.0.1", proxy.port), timeout=timeout)


def ask(connection: socket.socket, question: bytes) -> bytes:
    connection.sendall(question)
    return connection.recv(1024)


def test_without_a_fault_everything_passes(proxy: FaultProxy) -> None:
    with connect(proxy) as connection:
        assert ask(connection, b"hello") == b"hello"


def test_a_black_hole_takes_everything_and_gives_nothing(proxy: FaultProxy) -> None:
    with connect(proxy, timeout=0.2) as connection:
        assert ask(connection, b"hello") == b"hello"
        proxy.blackhole()
        with pytest.raises(TimeoutError):
            ask(connection, b"hello")
    with connect(proxy, timeout=0.2) as connection, pytest.raises(TimeoutError):
        ask(connection, b"hello")


def test_a_slow_connection_keeps_answers_back(proxy: FaultProxy) -> None:
    proxy.slow(0.5)
    with connect(proxy, timeout=0.1) as connection:
        with pytest.raises(TimeoutError):
            ask(connection, b"hello")
        connection.settimeout(5)
        assert connection.recv(1024) == b"hello"


def test_a_limit_holds_back_both_ways_until_it_is_lifted(proxy: FaultProxy, monkeypatch: pytest.MonkeyPatch) -> None:
    waited: list[float] = []
    monkeypatch.setattr("pegboard.testing.faults.time.sleep", waited.append)
    proxy.limit(1000)
    with connect(proxy) as connection:
        assert received(connection, bytes(800)) == 800
        assert sum(waited) == pytest.approx(1.6)  # seconds: there and back
        assert max(waited) <= 0.05
        proxy.heal()
        waited.clear()
        assert received(connection, bytes(800)) == 800
    assert sum(waited) <= 0.05  # one piece may have been under way


def test_a_limit_is_one_for_each_connection(proxy: FaultProxy, monkeypatch: pytest.MonkeyPatch) -> None:
    waited: list[float] = []
    monkeypatch.setattr("pegboard.testing.faults.time.sleep", waited.append)
    proxy.limit(1000)
    with connect(proxy) as one, connect(proxy) as other:
        assert received(one, bytes(100)) + received(other, bytes(100)) == 200
    assert sum(waited) == pytest.approx(0.4)


def received(connection: socket.socket, sent: bytes) -> int:
    """How much has come back of what was sent."""
    connection.sendall(sent)
    count = 0
    while count < len(sent):
        count += len(connection.recv(1024))
    return count


def test_a_cut_comes_after_so_many_bytes(proxy: FaultProxy) -> None:
    proxy.cut_after(3)
    with connect(proxy) as connection:
        assert ask(connection, b"hello") == b"hel"
        assert connection.recv(1024) == b""


def test_a_reset_ends_old_and_new_connections(proxy: FaultProxy) -> None:
    with connect(proxy) as connection:
        assert ask(connection, b"hello") == b"hello"
        proxy.reset()
        with pytest.raises(ConnectionError):
            ask(connection, b"hello")
    with pytest.raises(ConnectionError), connect(proxy) as connection:
        ask(connection, b"hello")


def test_refused_connections_are_taken_again_on_the_same_port(proxy: FaultProxy) -> None:
    proxy.refuse()
    with pytest.raises(ConnectionRefusedError):
        connect(proxy)
    proxy.heal()
    with connect(proxy) as connection:
        assert ask(connection, b"hello") == b"hello"


def test_dropping_all_spares_new_connections(proxy: FaultProxy) -> None:
    with connect(proxy) as old:
        assert ask(old, b"hello") == b"hello"
        proxy.drop_all()
        with connect(proxy) as new:
            assert ask(new, b"hello") == b"hello"
        with pytest.raises(ConnectionError):
            ask(old, b"hello")


def test_the_server_behind_sees_that_its_connections_end() -> None:
    """Else it would keep what a client had locked, as if the client were still there."""
    with socket.create_server(("127.0.0.1", 0)) as listener:
        listener.settimeout(5)
        with FaultProxy(listener.getsockname()[1]) as proxy:
            for fault in (proxy.drop_all, proxy.refuse):
                proxy.heal()
                with connect(proxy) as client:
                    server, _ = listener.accept()
                    server.settimeout(5)
                    client.sendall(b"x")
                    assert server.recv(1) == b"x"
                    fault()
                    with suppress(ConnectionError):
                        assert server.recv(1) == b""
                    server.close()
