"""What the fixture `peer` does: starts local servers for tests and stops them all."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import TYPE_CHECKING, Protocol

from .peers import LocalServer, answers, start_server

if TYPE_CHECKING:
    import pytest


class StartPeer(Protocol):
    """What the fixture `peer` is. `ready` is a URL that answers 200, or a function that says so."""

    def __call__(
        self,
        name: str,
        command: Sequence[str],
        *,
        ready: str | Callable[[], bool],
        env: Mapping[str, str] | None = None,
        remove: Sequence[str] = (),
        timeout: float = 20,
    ) -> LocalServer: ...


@contextmanager
def starting_peers(folders: pytest.TempPathFactory) -> Iterator[StartPeer]:
    """A function that starts servers, each with its log in a folder of its own; at the end all are stopped."""
    started: list[LocalServer] = []

    def start(
        name: str,
        command: Sequence[str],
        *,
        ready: str | Callable[[], bool],
        env: Mapping[str, str] | None = None,
        remove: Sequence[str] = (),
        timeout: float = 20,
    ) -> LocalServer:
        url = ready
        is_ready = (lambda: answers(url)) if isinstance(url, str) else url
        log = folders.mktemp(name) / "log"
        server = start_server(name, command, ready=is_ready, log=log, env=env, remove=remove, timeout=timeout)
        started.append(server)
        return server

    try:
        yield start
    finally:
        for server in reversed(started):
            server.stop()
