"""A TCP proxy that misbehaves on demand: put it before a real server and see what the board makes of a bad network."""

from __future__ import annotations

import socket
import struct
import time
from contextlib import suppress
from threading import Event, Lock, Thread
from types import TracebackType
from typing import Self

_RESET = struct.pack("ii", 1, 0)  # SO_LINGER on, for 0 seconds: closing sends a reset
_PIECE = 64 * 1024


class FaultProxy:
    """Passes connections to `127.0.0.1:<target>` on. A context manager; `port` is the same for its whole life.

    A fault holds for the connections that are open and for those to come, until `heal` or another fault.
    """

    _answer_bytes: int | None
    _rate: int | None

    def __init__(self, target: int) -> None:
        self._target = target
        self._open: set[socket.socket] = set()
        self._lock = Lock()
        self._clear()
        self._listener: socket.socket | None = self._listen(0)
        self.port: int = self._listener.getsockname()[1]

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        self.refuse()

    def heal(self) -> None:
        """Pass everything on at once."""
        self._clear()
        if self._listener is None:
            self._listener = self._listen(self.port)

    def slow(self, seconds: float) -> None:
        """Hold every piece of an answer back for so long."""
        self.heal()
        self._latency = seconds

    def limit(self, bytes_per_second: int) -> None:
        """Pass no more than so much, in each direction of each connection.

        Who sends counts as sent what its system still holds for it: up to some megabytes, at once.
        """
        self.heal()
        self._rate = bytes_per_second

    def blackhole(self) -> None:
        """Accept connections, swallow what comes, answer nothing."""
        self.heal()
        self._swallow.set()

    def cut_after(self, count: int) -> None:
        """Close connections once `count` more bytes of answers have passed, in all."""
        self.heal()
        self._answer_bytes = count

    def reset(self) -> None:
        """Reset the connections that are open, and each new one at once."""
        self.heal()
        self._reset_new = True
        self._hang_up(hard=True)

    def refuse(self) -> None:
        """Close the connections that are open and refuse new ones, as a server that is down."""
        self._clear()
        listener, self._listener = self._listener, None
        if listener is not None:
            with suppress(OSError):
                listener.shutdown(socket.SHUT_RDWR)
            listener.close()
        self._hang_up(hard=False)

    def drop_all(self) -> None:
        """Reset the connections that are open, once; new ones are passed on."""
        self._hang_up(hard=True)

    def _clear(self) -> None:
        self._latency = 0.0
        self._rate = None
        self._swallow = Event()
        self._answer_bytes = None
        self._reset_new = False

    def _listen(self, port: int) -> socket.socket:
        listener = socket.create_server(("127.0.0.1", port), backlog=128)
        Thread(target=self._accept, args=(listener,), daemon=True).start()
        return listener

    def _accept(self, listener: socket.socket) -> None:
        while True:
            try:
                client, _ = listener.accept()
            except OSError:
                return
            if self._reset_new:
                _close(client, hard=True)
                continue
            Thread(target=self._connect, args=(client,), daemon=True).start()

    def _connect(self, client: socket.socket) -> None:
        try:
            server = socket.create_connection(("127.0.0.1", self._target), timeout=5)
        except OSError:
            _close(client, hard=True)
            return
        server.settimeout(None)
        with self._lock:
            self._open |= {client, server}
        Thread(target=self._pump, args=(client, server, False), daemon=True).start()
        self._pump(server, client, answers=True)

    def _pump(self, source: socket.socket, sink: socket.socket, answers: bool) -> None:
        with suppress(OSError):
            while piece := source.recv(_piece(self._rate)):
                if self._swallow.is_set():
                    continue
                if rate := self._rate:
                    time.sleep(len(piece) / rate)
                if not answers:
                    sink.sendall(piece)
                elif not self._answer(piece, sink):
                    break
        if answers or not self._swallow.is_set():
            self._end(source, sink)

    def _answer(self, piece: bytes, sink: socket.socket) -> bool:
        """Pass one piece of an answer on; False when the connection is to be cut."""
        if self._latency:
            time.sleep(self._latency)
        left = self._answer_bytes
        if left is None:
            sink.sendall(piece)
            return True
        sink.sendall(piece[:left])
        self._answer_bytes = max(0, left - len(piece))
        return left > len(piece)

    def _end(self, *sockets: socket.socket) -> None:
        with self._lock:
            ours = self._open.intersection(sockets)  # those that `_hang_up` has taken are closed by it, in its own way
            self._open -= ours
        for one in ours:
            _close(one, hard=False)

    def _hang_up(self, *, hard: bool) -> None:
        with self._lock:
            sockets, self._open = self._open, set()
        for one in sockets:
            _close(one, hard=hard)


def _piece(rate: int | None) -> int:
    """How much is passed on at once: with a limit, a twentieth of what passes in a second."""
    return _PIECE if rate is None else max(1, min(_PIECE, rate // 20))


def _close(one: socket.socket, *, hard: bool) -> None:
    with suppress(OSError):
        if hard:
            one.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, _RESET)
        # A thread that waits for the socket keeps it open, whoever closes it: this wakes it.
        one.shutdown(socket.SHUT_RD if hard else socket.SHUT_RDWR)
    one.close()
