"""Local servers start, say why they do not, and never outlive the process that started them."""

from __future__ import annotations

import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

import pytest

from pegboard.testing.peers import PeerFailed, answers, free_ports, start_server

SERVER = "import http.server,sys; http.server.test(http.server.SimpleHTTPRequestHandler, port=int(sys.argv[1]), bind='127.0.0.1')"


def command(port: int) -> list[str]:
    return [sys.executable, "-c", SERVER, str(port)]


def gone(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return True
    return False


def eventually(condition: Callable[[], bool]) -> bool:
    for _ in range(500):
        if condition():
            return True
        time.sleep(0.02)
    return False


def test_a_server_runs_until_it_is_stopped(tmp_path: Path) -> None:
    port = free_ports(1)[0]
    left = tmp_path / "left-behind"
    left.mkdir()
    url = f"http://127.0.0.1:{port}/"
    server = start_server("web", command(port), ready=lambda: answers(url), log=tmp_path / "log", remove=[f"{left}*"])
    assert answers(url)
    server.stop()
    server.stop()
    assert gone(server.pid)
    assert not answers(url)
    assert not left.exists()


def test_a_server_that_ends_at_once_is_reported_with_its_log(tmp_path: Path) -> None:
    failing = [sys.executable, "-c", "import sys; sys.exit('the disk is full')"]
    with pytest.raises(PeerFailed, match=r"web ended at once(.|\n)*the disk is full"):
        start_server("web", failing, ready=lambda: False, log=tmp_path / "log")


def test_a_server_that_never_answers_is_killed_and_reported(tmp_path: Path) -> None:
    marker = tmp_path / "pid"
    sleeping = [
        sys.executable,
        "-c",
        f"import os,time; open({str(marker)!r},'w').write(str(os.getpid())); time.sleep(600)",
    ]
    with pytest.raises(PeerFailed, match="not ready after"):
        start_server("web", sleeping, ready=lambda: False, log=tmp_path / "log", timeout=1)
    assert eventually(lambda: gone(int(marker.read_text())))


def test_a_program_that_is_not_there_is_reported(tmp_path: Path) -> None:
    with pytest.raises(PeerFailed, match=r"web cannot be started: .*No such file"):
        start_server("web", [str(tmp_path / "none")], ready=lambda: True, log=tmp_path / "log")


@pytest.mark.parametrize("end", [signal.SIGKILL, signal.SIGTERM])
def test_a_server_dies_with_the_process_that_started_it(tmp_path: Path, end: signal.Signals) -> None:
    port = free_ports(1)[0]
    starter = (
        "import sys, time, pathlib; from pegboard.testing.peers import start_server, answers;"
        f"s = start_server('web', {command(port)!r}, ready=lambda: answers('http://127.0.0.1:{port}/'),"
        f" log=pathlib.Path({str(tmp_path / 'log')!r})); print(s.pid, flush=True); time.sleep(600)"
    )
    with subprocess.Popen([sys.executable, "-c", starter], stdout=subprocess.PIPE, text=True) as parent:
        assert parent.stdout is not None
        pid = int(parent.stdout.readline())
        assert not gone(pid)
        parent.send_signal(end)
    assert eventually(lambda: gone(pid))


def test_a_server_sees_nothing_of_our_environment(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SECRET_KEY", "ours alone")
    seen = tmp_path / "seen"
    program = f"import os,time,pathlib; pathlib.Path({str(seen)!r}).write_text(repr(dict(os.environ))); time.sleep(600)"
    server = start_server(
        "web",
        [sys.executable, "-c", program],
        ready=lambda: seen.exists() and bool(seen.read_text()),
        log=tmp_path / "log",
        env={"GIVEN": "yes"},
    )
    server.stop()
    assert "'GIVEN': 'yes'" in seen.read_text()
    assert "ours alone" not in seen.read_text()


def test_free_ports_are_free_and_differ() -> None:
    ports = free_ports(5, above=10_000)
    assert len(set(ports)) == 5
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", ports[0]))
        taken.listen()
        for port in (*ports[1:], *(port + 10_000 for port in ports)):
            with socket.socket() as probe:
                probe.bind(("127.0.0.1", port))
