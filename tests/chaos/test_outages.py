"""A database that is killed under load and stays away for a while, and a disk that is full."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from time import monotonic, sleep

import pytest

from tests.chaos.place import Place, Vendor, outcome, wait_for
from tests.postgres import Postgres, create_database

pytestmark = pytest.mark.slow


@pytest.mark.db
def test_a_database_that_is_killed_and_stays_away_costs_that_time_alone(
    server: Postgres, tmp_path: Path, full: bool, tell: Callable[[str], None]
) -> None:
    events, away = (5_000, 30) if full else (1_000, 3)
    place = Place(tmp_path / "board", create_database(server.url))
    vendor = Vendor(place, events, things=events // 40, pause=0.004)
    with place.workers(4) as crew, vendor.telling():
        wait_for(lambda: vendor.told >= events // 4 and place.done() >= events // 20)
        workers = crew.pids()
        server.stop()
        sleep(away)
        server.start()
        back = monotonic()
        done = place.done()
        wait_for(lambda: place.done() > done)
        resumed = monotonic() - back
        wait_for(lambda: place.done() == events)
        survived = len({*workers} & {*crew.pids()})
    found = outcome(vendor)
    tell(
        f"PostgreSQL killed under load, away for {away} s: {events} events, {vendor.refused} refused and told again, "
        f"{survived} of 4 workers lived on, the first item {resumed:.1f} s after it was back, {found}"
    )
    assert vendor.refused
    assert survived == 4
    assert found.good, found
    assert "the database does not answer, work waits" in crew.said()
    place.close()


@contextmanager
def small_disk(folder: Path, mebibytes: int) -> Iterator[Path]:
    """A disk of that size."""
    folder.mkdir()
    options = ("-t", "tmpfs", "-o", f"size={mebibytes}m", "tmpfs", str(folder))
    if (
        not sys.platform.startswith("linux")
        or os.getuid()
        or subprocess.run(["mount", *options], check=False).returncode
    ):
        pytest.skip("only root may mount a small disk")
    try:
        yield folder
    finally:
        subprocess.run(["umount", "--lazy", str(folder)], check=True)


def test_a_full_disk_loses_nothing_and_is_named(tmp_path: Path, full: bool, tell: Callable[[str], None]) -> None:
    events, away = (5_000, 30) if full else (1_000, 3)
    with small_disk(tmp_path / "disk", 64) as disk:
        place = Place(tmp_path / "board", f"sqlite:///{disk}/board.db")
        vendor = Vendor(place, events, things=events // 40, pause=0.004)
        with place.workers(4) as crew, vendor.telling():
            wait_for(lambda: vendor.told >= events // 4 and place.done() >= events // 20)
            ballast = disk / "ballast"
            fill(ballast)
            wait_for(lambda: vendor.refused and "database or disk is full" in crew.said())
            full_at = len(place.execute("SELECT id FROM effects"))
            sleep(away)
            ballast.unlink()
            wait_for(lambda: place.hurried().get("done", 0) == events)
        found = outcome(vendor)
        tell(
            f"disk full on SQLite for {away} s: {events} events, {full_at} done when it was full, "
            f"{vendor.refused} refused and told again, {found}"
        )
        assert found.good, found
        place.close()


def fill(file: Path) -> None:
    """Until there is no room for another byte."""
    with file.open("wb", buffering=0) as ballast:
        for piece in (1024 * 1024, 4096, 1):
            try:
                while True:
                    ballast.write(bytes(piece))
            except OSError:
                continue
