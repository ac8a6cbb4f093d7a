"""Starts real servers on this machine for tests and for the sandbox, and leaves none behind.

A server is killed when it is stopped, when the process that started it exits, and when that one is killed itself.
"""

from __future__ import annotations

import atexit
import json
import os
import random
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from pegboard.errors import PegboardError

_SUPERVISOR = Path(__file__).with_name("supervisor.py")
# Below the ports that systems hand out for outgoing connections, also when `above` is added.
_PORTS = range(12_000, 22_000)


class PeerFailed(PegboardError):
    """A local server did not start; the message holds the end of its log."""


@dataclass(slots=True)
class LocalServer:
    """A server that runs. `pid` is its own, not that of its supervisor."""

    name: str
    pid: int
    log: Path
    _supervisor: subprocess.Popen[str] = field(repr=False)

    @property
    def running(self) -> bool:
        return self._supervisor.poll() is None

    def stop(self) -> None:
        """Kill the server and wait until it is gone. May be repeated."""
        atexit.unregister(self.stop)
        for pipe in (self._supervisor.stdin, self._supervisor.stdout):
            if pipe is not None:
                pipe.close()
        self._supervisor.wait()


def free_ports(count: int, *, above: int = 0) -> list[int]:
    """Ports of 127.0.0.1 that nobody listens on; with `above`, each of them plus that many is free too."""
    found: list[int] = []
    for port in random.sample(_PORTS, len(_PORTS)):
        if _is_free(port) and (not above or _is_free(port + above)):
            found.append(port)
        if len(found) == count:
            return found
    raise PeerFailed(f"no {count} ports between {_PORTS.start} and {_PORTS.stop} are free")


def start_server(
    name: str,
    command: Sequence[str],
    *,
    ready: Callable[[], bool],
    log: Path,
    env: Mapping[str, str] | None = None,
    remove: Sequence[str] = (),
    timeout: float = 20,
) -> LocalServer:
    """Start a server and wait until `ready` says so, at most `timeout` seconds; raises `PeerFailed`.

    It sees `env` and `PATH`, nothing else of our environment. When it has ended, what the patterns in `remove` match
    is deleted: its sockets, its folder.
    """
    order = json.dumps({"command": list(command), "log": str(log), "remove": list(remove)})
    supervisor = subprocess.Popen(  # noqa: S603 - the commands of peers are ours
        [sys.executable, "-I", "-S", str(_SUPERVISOR), order],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        env={"PATH": os.environ.get("PATH", os.defpath), **(env or {})},
        start_new_session=True,  # Ctrl-C stops us first, and we stop the server
        text=True,
    )
    answer = supervisor.stdout.readline().strip() if supervisor.stdout else ""
    server = LocalServer(name, int(answer) if answer.isdigit() else 0, log, supervisor)
    atexit.register(server.stop)
    deadline = time.monotonic() + timeout
    try:
        if not server.pid:
            raise PeerFailed(f"{name} cannot be started: {answer}")
        while not ready():
            if not server.running:
                raise PeerFailed(f"{name} ended at once. The end of {log}:\n{_tail(log)}")
            if time.monotonic() > deadline:
                raise PeerFailed(f"{name} was not ready after {timeout} s. The end of {log}:\n{_tail(log)}")
            time.sleep(0.02)
    except BaseException:
        server.stop()
        raise
    return server


def answers(url: str, *, timeout: float = 1) -> bool:
    """Whether a GET of an `http` URL on this machine is answered with 200."""
    from http.client import HTTPConnection, HTTPException
    from urllib.parse import urlsplit

    parts = urlsplit(url)
    connection = HTTPConnection(parts.netloc, timeout=timeout)
    try:
        connection.request("GET", parts.path or "/")
        return connection.getresponse().status == 200
    except (OSError, HTTPException):
        return False
    finally:
        connection.close()


def _is_free(port: int) -> bool:
    with socket.socket() as probe:
        try:
            probe.bind(("127.0.0.1", port))
        except OSError:
            return False
    return True


def _tail(log: Path) -> str:
    try:
        return "\n".join(log.read_text(errors="replace").splitlines()[-15:])
    except OSError:
        return "(there is none)"
