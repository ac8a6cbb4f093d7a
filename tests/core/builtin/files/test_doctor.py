"""`pegboard files doctor`: says of each storage what works, what does not and what to do, and asks what a browser asks."""

from __future__ import annotations

import json
import socket
import threading
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, HTTPServer
from io import BytesIO
from pathlib import Path
from typing import Any

import pytest
from click.testing import Result
from flask import Flask

from pegboard.builtin.files import preflight
from pegboard.builtin.files.models import File, StoredObject
from pegboard.builtin.files.preflight import objection
from pegboard.builtin.files.records import transaction
from pegboard.builtin.files.service import files
from pegboard.contracts.files import SignedUpload
from pegboard.db import db
from pegboard.live import board_of
from pegboard.migrations import downgrade
from tests.core.builtin.files.boards import PNG, MakeBoard, moody, objects

ORIGIN = "https://club.example"
HEALTHY = """\
  ok       write     64 bytes
  ok       read      64 bytes
  ok       range     32 bytes
  ok       copy      64 bytes
  ok       uploads   one begun and aborted
  ok       delete    both objects
"""


def diagnosed(app: Flask, *arguments: str) -> Result:
    result = app.test_cli_runner().invoke(args=["files", "doctor", *arguments])
    assert isinstance(result.exception, SystemExit) or result.exception is None, result.exception
    return result


def test_a_healthy_storage_passes_every_step_and_keeps_nothing(board: Flask, tmp_path: Path) -> None:
    result = diagnosed(board)
    assert result.output.startswith(f"local, where new files go\n{HEALTHY}")
    assert "browsers  they upload to the board's own address" in result.output
    assert objects(tmp_path) == []


@pytest.mark.parametrize(
    ("operation", "failed", "remedy"),
    [
        ("put", {"write": "failed", "read": "skipped", "delete": "skipped", "browsers": "skipped", "parts": "skipped"},
         "try again, see whether it runs"),
        ("read", {"read": "failed", "range": "failed", "copy": "failed", "delete": "ok"}, "may be read from"),
        ("copy", {"read": "ok", "copy": "failed", "delete": "ok"}, "direct uploads fail without it"),
        ("delete", {"copy": "ok", "delete": "failed"}, "may be deleted from"),
    ],
)  # fmt: skip
def test_each_step_that_fails_says_why_and_what_to_do(
    moody_board: Flask, operation: str, failed: dict[str, str], remedy: str
) -> None:
    moody(moody_board).fails.add(operation)
    result = diagnosed(moody_board)
    assert result.exit_code == 1
    assert f"moody {operation}: there is no answer" in result.output
    assert remedy in result.output
    report = {one["provider"]: one for one in json.loads(diagnosed(moody_board, "--json").stdout)}
    found = {one["step"]: one["state"] for one in report["moody"]["findings"]}
    assert {step: found[step] for step in failed} == failed
    assert {one["state"] for one in report["local"]["findings"]} == {"ok"}


def test_a_storage_that_lies_is_found_out(moody_board: Flask, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    storage = moody(moody_board)

    @contextmanager
    def other(key: str, **options: Any) -> Iterator[Iterator[bytes]]:
        yield iter([b"something else"])

    monkeypatch.setattr(storage, "read", other)
    monkeypatch.setattr(storage, "abort_uploads", lambda key: None)
    monkeypatch.setattr(storage, "delete", lambda key: None)
    output = diagnosed(moody_board).output
    assert "it gave other bytes than were stored" in output
    assert "it says that an upload is aborted which is still there" in output
    assert not [name for name in objects(tmp_path) if "begun" in name], "it leaves that upload"
    assert "it says that an object is deleted which is still there" in output


def test_a_storage_that_cannot_even_be_made_is_said_in_words(
    moody_board: Flask, monkeypatch: pytest.MonkeyPatch
) -> None:
    from tests.core.builtin.files import boards

    def broken(folder: Path) -> None:
        raise ValueError("no folder")

    monkeypatch.setattr(boards, "Moody", broken)
    result = diagnosed(moody_board)
    assert result.exit_code == 1
    assert "FAILED   start     ValueError: no folder\n" in result.output
    assert "pegboard config show" in result.output


def test_files_at_a_provider_that_is_not_enabled_are_found(board: Flask) -> None:
    with board.app_context():
        file = files.save(BytesIO(PNG), "a.png", None, "alice")
        with transaction():
            db.session.get_one(File, file.id).provider = "gone"
            db.session.get_one(StoredObject, file.key).provider = "gone"
    result = diagnosed(board)
    assert result.exit_code == 1
    assert "gone\n  FAILED   enabled   files that are there: 1; no enabled plugin provides it\n" in result.output


def test_the_storage_is_examined_also_where_the_database_has_no_tables(board: Flask) -> None:
    plan = board_of(board).plan
    downgrade(board, plan, plan.database_url, "files", "base")
    assert HEALTHY in diagnosed(board).output


def test_it_prints_how_the_store_must_be_configured(moody_board: Flask, monkeypatch: pytest.MonkeyPatch) -> None:
    asked: list[list[str]] = []

    def browser_access(origins: list[str]) -> Mapping[str, Any]:
        asked.append(origins)
        return {"rules": [{"origins": origins}]}

    monkeypatch.setattr(moody(moody_board), "browser_access", browser_access, raising=False)
    output = diagnosed(moody_board).output
    assert "So that browsers can upload, the store must be configured like this:" in output
    assert asked == [["http://127.0.0.1:5000"]]
    report = {one["provider"]: one["browser_access"] for one in json.loads(diagnosed(moody_board, "--json").stdout)}
    assert report == {"local": None, "moody": {"rules": [{"origins": ["http://127.0.0.1:5000"]}]}}


def test_a_store_elsewhere_that_does_not_answer_a_browser_is_a_failure(moody_board: Flask) -> None:
    """The moody storage signs uploads to a host that nobody can reach."""
    result = diagnosed(moody_board)
    assert result.exit_code == 1
    assert "a page at http://127.0.0.1:5000 could not PUT to http://storage.test" in result.output
    assert "PUBLIC_URL is the address that people use" in result.output


Answer = tuple[int, dict[str, str]]
Store = Callable[[Answer], str]


@pytest.fixture
def store() -> Iterator[Store]:
    """Starts a store that answers a browser's question like this; its URL."""
    servers: list[HTTPServer] = []

    def start(answer: Answer) -> str:
        class Asked(BaseHTTPRequestHandler):
            def do_OPTIONS(self) -> None:
                self.send_response(answer[0])
                for name, value in answer[1].items():
                    self.send_header(name, value.replace("{asked}", self.headers.get("Origin", "")))
                self.send_header("X-Method", self.headers.get("Access-Control-Request-Method", ""))
                self.end_headers()

            def log_message(self, *args: Any) -> None: ...

        server = HTTPServer(("127.0.0.1", 0), Asked)
        servers.append(server)
        threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01}, daemon=True).start()
        return f"http://127.0.0.1:{server.server_port}/bucket?signature=x"

    yield start
    for server in servers:
        server.shutdown()
        server.server_close()


ORIGINS, METHODS, HEADERS = (f"Access-Control-Allow-{what}" for what in ("Origin", "Methods", "Headers"))


@pytest.mark.parametrize(
    ("method", "answer", "why"),
    [
        ("PUT", (200, {ORIGINS: ORIGIN, METHODS: "PUT", HEADERS: "content-type"}), ""),
        ("PUT", (204, {ORIGINS: "*", METHODS: "GET, put", HEADERS: "X-Other, Content-Type"}), ""),
        ("PUT", (200, {ORIGINS: "*", METHODS: "*", HEADERS: "*"}), ""),
        ("POST", (200, {ORIGINS: ORIGIN}), "the store does not allow the header content-type"),
        ("POST", (200, {ORIGINS: ORIGIN, HEADERS: "*"}), ""),
        ("PUT", (403, {ORIGINS: "*", METHODS: "*", HEADERS: "*"}), "the store answers 403"),
        ("PUT", (307, {"Location": "http://127.0.0.1:1/"}), "the store answers 307"),
        ("PUT", (200, {}), "the store allows no other origin"),
        ("PUT", (200, {ORIGINS: "https://other.example"}), "the store allows https://other.example"),
        ("PUT", (200, {ORIGINS: ORIGIN, METHODS: "GET, POST", HEADERS: "*"}), "the store does not allow PUT"),
        ("PUT", (200, {ORIGINS: ORIGIN, METHODS: "PUT"}), "the store does not allow the header content-type"),
    ],
)
def test_the_answer_is_read_as_a_browser_reads_it(store: Store, method: Any, answer: Answer, why: str) -> None:
    upload = SignedUpload(method, store(answer), headers={"Content-Type": "image/png"})
    assert objection(upload, ORIGIN) == why


def test_a_form_needs_no_header(store: Store) -> None:
    assert objection(SignedUpload("POST", store((200, {ORIGINS: ORIGIN}))), ORIGIN) == ""


def test_a_store_that_is_down_or_silent_is_said_so_in_time(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(preflight, "SECONDS", 0.3)
    with socket.create_server(("127.0.0.1", 0)) as silent:
        port = silent.getsockname()[1]
        assert "its question was not answered" in objection(SignedUpload("PUT", f"http://127.0.0.1:{port}/"), ORIGIN)
    assert "refused" in objection(SignedUpload("PUT", f"http://127.0.0.1:{port}/"), ORIGIN)


def test_an_answer_that_comes_byte_by_byte_is_not_waited_for(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(preflight, "SECONDS", 0.5)
    stop = threading.Event()

    def drip(listener: socket.socket) -> None:
        link, _ = listener.accept()
        with link:
            while not stop.wait(0.1):
                link.sendall(b"H")

    with socket.create_server(("127.0.0.1", 0)) as listener:
        thread = threading.Thread(target=drip, args=(listener,))
        thread.start()
        try:
            said = objection(SignedUpload("PUT", f"http://127.0.0.1:{listener.getsockname()[1]}/"), ORIGIN)
        finally:
            stop.set()
            thread.join()
    assert said == "its question was not answered: nothing within 0.5 s"


def test_a_board_in_a_folder_of_its_host_has_the_host_s_origin(make_board: MakeBoard) -> None:
    result = diagnosed(make_board(public_url="https://club.example/board"))
    assert "they upload to the board's own address" in result.output
