"""Workers in processes of their own: killed, stopped, hung and orphaned, they lose, double and disorder nothing."""

from __future__ import annotations

import os
import signal
import sys
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from time import monotonic, sleep

import pytest

from tests.core.work.working import Workplace, alive, until

pytestmark = [
    pytest.mark.slow,
    pytest.mark.skipif(not sys.platform.startswith("linux"), reason="looks at /proc"),
]


@pytest.fixture
def workplace(url: str, tmp_path: Path) -> Iterator[Workplace]:
    """A deployment with work of every temper, on each database."""
    place = Workplace(tmp_path / "board", url)
    yield place
    place.close()


@pytest.fixture
def lite_workplace(tmp_path: Path) -> Iterator[Workplace]:
    """The same on SQLite, where the database makes no difference."""
    place = Workplace(tmp_path / "board", f"sqlite:///{tmp_path}/work.db", work_seconds=2)
    yield place
    place.close()


def test_workers_that_are_killed_lose_double_and_disorder_nothing(workplace: Workplace) -> None:
    """600 items in 20 lanes, one in twenty fails; five times a worker is killed without warning."""
    numbers = range(600)
    workplace.put("moody", *numbers, lane=lambda number: f"lane {number % 20}")
    with workplace.workers(3) as crew:
        for _ in range(5):
            sleep(0.4)
            crew.kill_one()
        until(lambda: workplace.hurried() == {"done": 600}, 120)
    found = workplace.execute("SELECT number FROM effects ORDER BY id")
    assert Counter(found) == Counter(numbers)
    for lane in range(20):
        assert [number for number in found if number % 20 == lane] == list(range(lane, 600, 20))
    assert "another takes its place" in crew.said()


def test_stopped_workers_finish_what_is_in_hand_and_leave_the_rest(lite_workplace: Workplace) -> None:
    lite_workplace.put("slow", *range(10, 20))
    with lite_workplace.workers(2) as crew:
        until(lambda: (lite_workplace.folder / "begun-11").exists())
        started = monotonic()
        assert crew.stop() == 0
        assert monotonic() - started < 10
    found = lite_workplace.statuses()
    assert found.keys() == {"done", "pending"}
    begun = {path.name for path in lite_workplace.folder.glob("begun-*")}
    assert {f"begun-{number}" for number in lite_workplace.execute("SELECT number FROM effects")} == begun
    assert lite_workplace.execute("SELECT max(tries) FROM work WHERE status = 'pending'") == [0]


def test_what_does_not_finish_in_time_is_given_back_within_ten_seconds(tmp_path: Path) -> None:
    place = Workplace(tmp_path / "board", f"sqlite:///{tmp_path}/work.db")
    place.put("hang", 0)
    with place.workers(1) as crew:
        until(lambda: (place.folder / "begun-0").exists())
        started = monotonic()
        assert crew.stop() == 1
        assert monotonic() - started < 10
    assert place.statuses() == {"pending": 1}
    assert place.execute("SELECT tries FROM work WHERE handler = 'busy:hang'") == [0]
    place.close()


def test_a_handler_that_hangs_is_killed_and_counts_as_a_try(lite_workplace: Workplace) -> None:
    lite_workplace.put("hang", 0)
    with lite_workplace.workers(1) as crew:
        until(lambda: lite_workplace.execute("SELECT tries FROM work WHERE handler = 'busy:hang'")[0] >= 2)
        assert "takes longer than 2 s" in crew.said()
        assert "by SIGKILL" in crew.said()


def test_what_kills_its_worker_costs_what_was_leased_with_it_one_try(lite_workplace: Workplace) -> None:
    """Otherwise it would take the others with it, as they are leased together again each time."""
    lite_workplace.put("crash", 0)
    lite_workplace.put("slow", *[0] * 10)
    lite_workplace.execute("UPDATE work SET tries = 8 WHERE handler = 'busy:crash'")
    with lite_workplace.workers(1):
        until(lambda: lite_workplace.hurried() == {"done": 10, "dead": 1})
    assert lite_workplace.execute("SELECT tries FROM work WHERE status = 'dead'") == [12]
    assert max(lite_workplace.execute("SELECT tries FROM work WHERE status = 'done'")) <= 2


def test_workers_whose_parent_is_killed_end_as_well(lite_workplace: Workplace) -> None:
    with lite_workplace.workers(2) as crew:
        until(lambda: len(crew.pids()) == 2)
        children = crew.pids()
        os.kill(crew.running.pid, signal.SIGKILL)
        until(lambda: not any(alive(pid) for pid in children))


def test_workers_wait_for_migrations(tmp_path: Path) -> None:
    place = Workplace(tmp_path / "board", f"sqlite:///{tmp_path}/work.db")
    place.execute("DELETE FROM alembic_version_core")
    with place.workers(1) as crew:
        assert crew.running.wait(30) == 1
    assert "migrations are pending for core\n    → pegboard db upgrade" in crew.said()
    place.close()
