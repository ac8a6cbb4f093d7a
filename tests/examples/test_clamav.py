"""The example `clamav`: a scanner that speaks the protocol of clamd, against a real clamd where one is installed."""

from __future__ import annotations

import shutil
import socket
import threading
from collections.abc import Iterator
from hashlib import md5
from io import BytesIO
from pathlib import Path

import pytest
from flask import Flask

from examples.clamav.clamav import ClamAV
from pegboard.builtin.files.service import FileRefused, files
from pegboard.live import board_of
from pegboard.testing.peers import free_ports, start_server
from tests.core.builtin.files.boards import MakeBoard, make_board, objects, states

__all__ = ["make_board"]
BAD = b"a file that the tests call malware"
LIMIT = 1024 * 1024


@pytest.fixture(params=["stand-in", "clamd"])
def port(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[int]:
    """Where a scanner listens that knows `BAD` alone and takes streams of up to `LIMIT` bytes."""
    yield from _stand_in() if request.param == "stand-in" else _clamd(tmp_path)


def _stand_in() -> Iterator[int]:
    listener = socket.create_server(("127.0.0.1", 0))

    def serve() -> None:
        while True:
            try:
                link, _ = listener.accept()
            except OSError:
                return
            with link, link.makefile("rb") as asked:
                command = b"".join(iter(lambda: asked.read(1), b"\0"))
                link.sendall(_verdict(asked) if command == b"zINSTREAM" else b"PONG\0")

    thread = threading.Thread(target=serve, daemon=True)
    thread.start()
    yield listener.getsockname()[1]
    listener.shutdown(socket.SHUT_RDWR)
    listener.close()
    thread.join(5)


def _verdict(asked: object) -> bytes:
    content = b""
    while size := int.from_bytes(asked.read(4), "big"):  # type: ignore[attr-defined]
        content += asked.read(size)  # type: ignore[attr-defined]
        if len(content) > LIMIT:
            return b"INSTREAM size limit exceeded. ERROR\0"
    return b"stream: Test.Malware.UNOFFICIAL FOUND\0" if content == BAD else b"stream: OK\0"


def _clamd(folder: Path) -> Iterator[int]:
    program = shutil.which("clamd")
    if program is None:
        pytest.skip("clamd is not installed (apt-get install clamav-daemon)")
    (number,) = free_ports(1)
    (folder / "own.hdb").write_text(f"{md5(BAD).hexdigest()}:{len(BAD)}:Test.Malware\n")
    config = folder / "clamd.conf"
    config.write_text(
        f"DatabaseDirectory {folder}\nTCPSocket {number}\nTCPAddr 127.0.0.1\nForeground yes\nStreamMaxLength {LIMIT}\n"
    )
    server = start_server(
        "clamd", [program, "-c", str(config)], ready=lambda: _listens(number), log=folder / "clamd.log"
    )
    yield number
    server.stop()


def _listens(number: int) -> bool:
    with socket.socket() as link:
        return link.connect_ex(("127.0.0.1", number)) == 0


@pytest.fixture
def board(make_board: MakeBoard, port: int) -> Flask:
    return make_board(more={ClamAV: {"port": port, "seconds": 10}})


def test_a_clean_file_is_stored(board: Flask) -> None:
    with board.app_context():
        files.save(BytesIO(b"hello " * 100_000), "a.txt", None, "alice")
    assert states(board) == [("ready", None)]


def test_malware_is_refused_by_name_and_deleted(board: Flask, tmp_path: Path) -> None:
    with board.app_context(), pytest.raises(FileRefused, match=r"This file holds malware: Test\.Malware"):
        files.save(BytesIO(BAD), "a.txt", None, "alice")
    assert states(board) == [("failed", "refused")]
    assert objects(tmp_path) == []


def test_what_is_too_large_to_scan_stays_closed_and_the_log_says_what_to_set(
    board: Flask, caplog: pytest.LogCaptureFixture
) -> None:
    with board.app_context(), pytest.raises(FileRefused, match="could not be checked"):
        files.save(BytesIO(b"x" * (LIMIT * 3)), "a.txt", None, "alice")
    assert "StreamMaxLength must be as large as" in caplog.text


def test_the_doctor_hears_from_it(board: Flask) -> None:
    (check,) = (owned.item.check for owned in board_of(board).health_checks if owned.plugin == "clamav")
    check()


def test_while_no_scanner_answers_nothing_is_stored(make_board: MakeBoard, tmp_path: Path) -> None:
    board = make_board(more={ClamAV: {"port": free_ports(1)[0]}})
    with board.app_context(), pytest.raises(FileRefused) as refused:
        files.save(BytesIO(b"hello"), "a.txt", None, "alice")
    assert refused.value.problem == "unchecked"
    assert objects(tmp_path) == []


def test_a_scanner_that_hangs_is_given_up_in_time(make_board: MakeBoard) -> None:
    with socket.create_server(("127.0.0.1", 0)) as silent:
        board = make_board(more={ClamAV: {"port": silent.getsockname()[1], "seconds": 0.2}})
        with board.app_context(), pytest.raises(FileRefused) as refused:
            files.save(BytesIO(b"hello"), "a.txt", None, "alice")
    assert refused.value.problem == "unchecked"


def test_its_readme_lists_every_setting_with_its_default() -> None:
    readme = (Path(__file__).resolve().parents[2] / "examples/clamav/README.md").read_text(encoding="utf-8")
    for name in ("host", "port", "seconds"):
        default = ClamAV.Settings.model_fields[name].default
        assert f"| `{name}` | `CLAMAV_{name.upper()}` | `{default}` |" in readme
