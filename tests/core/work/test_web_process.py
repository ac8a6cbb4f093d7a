"""The embedded driver under a real server: it works in each of its processes, and ends with them in good order."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from time import monotonic

import pytest

from tests.core.work.working import Workplace, until
from tests.serving import foreign_environment, free_port, get

pytestmark = pytest.mark.slow
GUNICORN = Path(sys.executable).parent / "gunicorn"


@pytest.fixture
def workplace(url: str, tmp_path: Path) -> Iterator[Workplace]:
    """A deployment with work of every temper, on each database."""
    place = Workplace(tmp_path / "board", url)
    yield place
    place.close()


@contextmanager
def served(place: Workplace, *options: str) -> Iterator[tuple[subprocess.Popen[bytes], str]]:
    """gunicorn before the board, and its address."""
    port = free_port()
    command = [str(GUNICORN), "--bind", f"127.0.0.1:{port}", "--no-control-socket", *options, "pegboard:create_app()"]
    with (place.folder / "server.log").open("ab") as log:
        running = subprocess.Popen(command, cwd=place.folder, env=foreign_environment(), stdout=log, stderr=log)
        try:
            until(lambda: _answers(f"http://127.0.0.1:{port}/healthz"))
            yield running, f"http://127.0.0.1:{port}/healthz"
        finally:
            if running.poll() is None:
                running.kill()
            running.wait(30)


def _answers(address: str) -> bool:
    try:
        return get(address)[0] == 200
    except OSError:
        return False


@pytest.mark.parametrize("options", [("--workers", "2"), ("--workers", "2", "--preload"), ("--threads", "4")])
def test_the_processes_of_a_server_do_the_work(workplace: Workplace, options: tuple[str, ...]) -> None:
    workplace.put("effect", *range(100), lane=lambda number: f"lane {number % 5}")
    with served(workplace, *options) as (_, address):
        until(lambda: _answers(address) and workplace.statuses() == {"done": 100})
    found = workplace.execute("SELECT number FROM effects ORDER BY id")
    assert Counter(found) == Counter(range(100))
    for lane in range(5):
        assert [number for number in found if number % 5 == lane] == list(range(lane, 100, 5))


def test_a_server_that_is_stopped_finishes_what_is_in_hand(workplace: Workplace) -> None:
    workplace.put("slow", 15)
    workplace.put("slow", 16)
    with served(workplace, "--workers", "1") as (running, _):
        until(lambda: (workplace.folder / "begun-15").exists())
        started = monotonic()
        running.send_signal(signal.SIGTERM)
        running.wait(30)
        assert monotonic() - started < 10
    assert workplace.statuses() == {"done": 1, "pending": 1}
    assert workplace.execute("SELECT number FROM effects") == [15]


def test_a_server_that_is_stopped_gives_back_what_takes_too_long(workplace: Workplace) -> None:
    workplace.put("hang", 0)
    with served(workplace, "--workers", "1") as (running, _):
        until(lambda: (workplace.folder / "begun-0").exists())
        started = monotonic()
        running.send_signal(signal.SIGTERM)
        running.wait(30)
        assert monotonic() - started < 10
    assert workplace.statuses() == {"pending": 1}
    assert workplace.execute("SELECT tries FROM work WHERE handler = 'busy:hang'") == [0]


def test_a_server_that_is_killed_leaves_its_work_to_others(workplace: Workplace) -> None:
    workplace.put("slow", 20)
    with served(workplace, "--workers", "1") as (running, _):
        until(lambda: (workplace.folder / "begun-20").exists())
        for pid in _children(running.pid):
            os.kill(pid, signal.SIGKILL)
        running.kill()
    with workplace.workers(1):
        until(lambda: workplace.statuses() == {"done": 1})
    assert workplace.execute("SELECT number FROM effects") == [20]
    assert workplace.execute("SELECT tries FROM work WHERE handler = 'busy:slow'") == [2]


def _children(pid: int) -> list[int]:
    words = Path(f"/proc/{pid}/task/{pid}/children").read_text(encoding="ascii").split()
    return [int(word) for word in words]
