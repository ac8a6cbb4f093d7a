"""Through a real server, and against a real database that goes away."""

from __future__ import annotations

import json
import socket
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from http.client import HTTPConnection
from pathlib import Path

import pytest
from sqlalchemy import create_engine, text

from pegboard.testing.webhooks import timestamped
from tests.postgres import Postgres, create_database, new_postgres
from tests.serving import foreign_environment, free_port, served

from .acme import HEADER, SECRET, order

pytestmark = pytest.mark.slow
ROOT = Path(__file__).resolve().parents[3]
_WSGI = """
from pegboard import create_app
from pegboard.live import board_of
from pegboard.migrations import upgrade

app = create_app()
upgrade(app, board_of(app).plan, board_of(app).plan.database_url)
"""


class Server:
    """A board behind gunicorn, and what Acme would do to it."""

    def __init__(self, url: str) -> None:
        self.port = int(url.rpartition(":")[2])

    def post(self, body: bytes, **options: object) -> tuple[int, bytes]:
        link = HTTPConnection("127.0.0.1", self.port, timeout=60)
        try:
            link.request("POST", "/webhooks/acme", body, {HEADER: timestamped(body, SECRET)}, **options)  # type: ignore[arg-type]
            answer = link.getresponse()
            return answer.status, answer.read()
        finally:
            link.close()

    def raw(self, *pieces: bytes) -> bytes:
        """What it says to these bytes, up to the end of its headers."""
        with socket.create_connection(("127.0.0.1", self.port), timeout=30) as link:
            for piece in pieces:
                link.sendall(piece)
            said = b""
            while b"\r\n\r\n" not in said and (more := link.recv(4096)):
                said += more
            return said


@contextmanager
def serve(folder: Path, database: str) -> Iterator[Server]:
    (folder / "pegboard.toml").write_text('[pegboard]\nbuiltins = []\nplugins = ["tests.core.webhooks.acme:Acme"]\n')
    (folder / "served.py").write_text(_WSGI)
    port = free_port()
    options = ("--bind", f"127.0.0.1:{port}", "--threads", "4", "--chdir", str(folder), "--pythonpath", str(ROOT))
    command = [sys.executable, "-m", "gunicorn", *options, "served:app"]
    environment = foreign_environment(DATABASE_URL=database)
    with served(command, port=port, folder=folder, environment=environment) as url:
        yield Server(url)


@pytest.fixture
def server(tmp_path: Path) -> Iterator[Server]:
    with serve(tmp_path, f"sqlite:///{tmp_path}/board.db") as server:
        yield server


def status_of(folder: Path) -> str | None:
    engine = create_engine(f"sqlite:///{folder}/board.db")
    try:
        with engine.connect() as connection:
            return connection.execute(text("SELECT status FROM work WHERE kind = 'webhook'")).scalar()
    finally:
        engine.dispose()


def test_what_is_acknowledged_is_handled_by_the_process_that_serves(server: Server, tmp_path: Path) -> None:
    status, body = server.post(order("evt_1"))
    assert (status, json.loads(body)) == (200, {"received": True})
    end = time.monotonic() + 30
    while status_of(tmp_path) != "done" and time.monotonic() < end:
        time.sleep(0.1)
    assert status_of(tmp_path) == "done"


def test_a_chunked_body_without_a_length_is_refused(server: Server) -> None:
    body = order("evt_1")
    assert server.post(body, encode_chunked=False)[0] == 200
    link = HTTPConnection("127.0.0.1", server.port, timeout=30)
    link.request("POST", "/webhooks/acme", iter([body]), {HEADER: timestamped(body, SECRET)}, encode_chunked=True)
    assert link.getresponse().status == 411
    link.close()


def test_ten_mebibytes_are_refused_while_the_sender_still_has_them(server: Server) -> None:
    head = b"POST /webhooks/acme HTTP/1.1\r\nHost: x\r\nContent-Length: 10485760\r\nAcme-Signature: t=1,v1=0\r\n\r\n"
    assert server.raw(head).startswith(b"HTTP/1.1 413")


def test_bytes_in_a_signature_that_are_no_text_are_refused(server: Server) -> None:
    head = f"POST /webhooks/acme HTTP/1.1\r\nHost: x\r\nContent-Length: 2\r\nAcme-Signature: t={int(time.time())},v1=".encode()
    assert server.raw(head + b"\xff\xfe\xc3\r\n\r\n{}").startswith(b"HTTP/1.1 400")


@pytest.fixture
def database() -> Iterator[Postgres]:
    made = new_postgres(durable=True)
    yield made
    made.remove()


@pytest.mark.db
def test_while_the_database_is_away_nothing_is_acknowledged_and_the_next_try_is_stored_once(
    database: Postgres, tmp_path: Path
) -> None:
    url = create_database(database.url)
    with serve(tmp_path, url) as server:
        assert server.post(order("evt_1"))[0] == 200
        database.stop()
        assert [server.post(order(f"evt_{number}"))[0] for number in (1, 2)] == [503, 503]
        database.start()
        assert [server.post(order(f"evt_{number}"))[0] for number in (1, 2, 2)] == [200, 200, 200]
    engine = create_engine(url)
    with engine.connect() as connection:
        keys = (
            connection.execute(text("SELECT dedupe_key FROM work WHERE kind = 'webhook' ORDER BY id")).scalars().all()
        )
    engine.dispose()
    assert keys == ["webhook:acme:evt_1", "webhook:acme:evt_2"]
