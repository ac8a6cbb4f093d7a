"""Serves a board from a process of its own on a free loopback port, for tests that need a real server."""

from __future__ import annotations

import contextlib
import os
import re
import socket
import subprocess
import time
import urllib.error
import urllib.request
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from urllib.parse import urlencode

READY_WITHIN = 60.0
ANSWER_WITHIN = 20.0
STOP_WITHIN = 10.0


def free_port() -> int:
    """A loopback port that nothing listens on now."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port


def get(url: str) -> tuple[int, bytes]:
    """The status and body of a GET, whatever the status is; raises OSError where nothing answers."""
    return _answer(urllib.request.build_opener(), url)


class Visitor:
    """A browser without scripts: it keeps its cookies, follows redirects and sends forms with their token."""

    def __init__(self, board: str) -> None:
        self._board = board
        self._opener = urllib.request.build_opener(urllib.request.HTTPCookieProcessor())

    def get(self, path: str) -> tuple[int, str]:
        """The status and the text of a page."""
        status, body = _answer(self._opener, self._board + path)
        return status, body.decode()

    def submit(self, path: str, **fields: str) -> tuple[int, str]:
        """Fill in the form of the page at `path` and send it there; the status and the text of where that leads."""
        token = re.search(r'name="csrf_token"[^>]*value="([^"]+)"', self.get(path)[1])
        assert token, f"{path} has no form"
        data = urlencode({"csrf_token": token[1], **fields}).encode()
        status, body = _answer(self._opener, self._board + path, data)
        return status, body.decode()


def _answer(opener: urllib.request.OpenerDirector, url: str, data: bytes | None = None) -> tuple[int, bytes]:
    try:
        with opener.open(url, data, timeout=ANSWER_WITHIN) as answer:
            return answer.status, answer.read()
    except urllib.error.HTTPError as error:
        with error:
            return error.code, error.read()


def foreign_environment(**variables: str) -> dict[str, str]:
    """What a fresh shell would have: no import path of this process, no settings of a board, then `variables`."""
    kept = ("PATH", "HOME", "TMPDIR", "LANG", "LC_ALL", "SYSTEMROOT")
    return {name: os.environ[name] for name in kept if name in os.environ} | variables


@contextlib.contextmanager
def served(command: Sequence[str], *, port: int, folder: Path, environment: Mapping[str, str]) -> Iterator[str]:
    """Run `command`, a server for `port`, in `folder`; the base URL once /healthz answers 200. Stopped by its own pid."""
    log = folder / f"server-{port}.log"
    url = f"http://127.0.0.1:{port}"
    with log.open("wb") as output:
        process = subprocess.Popen(
            command, cwd=folder, env=dict(environment), stdin=subprocess.DEVNULL, stdout=output, stderr=output
        )
    try:
        _wait_until_ready(process, f"{url}/healthz", log)
        yield url
    finally:
        process.terminate()
        try:
            process.wait(STOP_WITHIN)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait(STOP_WITHIN)


def _wait_until_ready(process: subprocess.Popen[bytes], url: str, log: Path) -> None:
    deadline = time.monotonic() + READY_WITHIN
    last = "no answer"
    while time.monotonic() < deadline:
        if process.poll() is not None:
            raise AssertionError(f"the server ended with status {process.returncode}:\n{_tail(log)}")
        try:
            status, body = get(url)
        except OSError as error:
            last = str(error)
        else:
            if status == 200:
                return
            last = f"{status} {body[:500]!r}"
        time.sleep(0.1)
    raise AssertionError(f"{url} was not ready within {READY_WITHIN:.0f} s ({last}):\n{_tail(log)}")


def _tail(log: Path) -> str:
    return log.read_text(encoding="utf-8", errors="replace")[-5000:]
