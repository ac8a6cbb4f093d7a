"""A database that is away for a while costs nothing but that while."""

from __future__ import annotations

from collections import Counter
from pathlib import Path
from time import sleep

import pytest
from sqlalchemy import make_url

from pegboard.testing.faults import FaultProxy
from tests.core.work.working import Workplace, until
from tests.postgres import NewDatabase

pytestmark = [pytest.mark.slow, pytest.mark.db]


def test_workers_outlive_a_database_that_is_away_and_do_everything_once(
    new_database: NewDatabase, tmp_path: Path
) -> None:
    """300 items under load: connections drop three times, and for three seconds there is no server at all."""
    url = make_url(new_database())
    with FaultProxy(url.port or 0) as proxy:
        seen = url.set(port=proxy.port).render_as_string(hide_password=False)
        place = Workplace(tmp_path / "board", url.render_as_string(hide_password=False), seen=seen)
        place.put("moody", *range(300), lane=lambda number: f"lane {number % 10}")
        with place.workers(2) as crew:
            until(lambda: place.statuses().get("done", 0) > 10)
            for _ in range(3):
                proxy.drop_all()
                sleep(0.3)
            proxy.refuse()
            sleep(3)
            proxy.heal()
            pids = crew.pids()
            until(lambda: place.hurried() == {"done": 300}, 120)
            assert crew.pids() == pids, "no worker has died of it"
        found = place.execute("SELECT number FROM effects ORDER BY id")
        assert Counter(found) == Counter(range(300))
        for lane in range(10):
            assert [number for number in found if number % 10 == lane] == list(range(lane, 300, 10))
        assert "the database does not answer, work waits" in crew.said()
        place.close()
