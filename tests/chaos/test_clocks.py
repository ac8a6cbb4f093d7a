"""Clocks that jump: those of the workers' machines, which decide nothing, and that of the database."""

from __future__ import annotations

import sys
from collections.abc import Callable

import pytest

from tests.chaos.place import Place, Vendor, outcome, wait_for

pytestmark = [
    pytest.mark.slow,
    pytest.mark.skipif(not sys.platform.startswith("linux"), reason="looks at /proc"),
]
_HOUR = 3_600_000


def test_workers_whose_clocks_are_wild_and_a_database_whose_clock_jumps_lose_and_double_nothing(
    place: Place, full: bool, tell: Callable[[str], None]
) -> None:
    """Each worker's clock jumps by up to a day at every tenth item; the database's by an hour, so that all leases run out
    at once, and back by two seconds."""
    events = 5_000 if full else 1_000
    (place.folder / "wild-clock").touch()
    vendor = Vendor(place, events, things=events // 40)
    jumps = (_HOUR, _HOUR, -2_000, _HOUR, -2_000)
    with place.workers(4) as crew, vendor.telling():
        for number, jump in enumerate(jumps, 1):
            wait_for(lambda: place.done() >= events * number // (len(jumps) + 2))  # noqa: B023 - it ends before the next
            place.jump(jump)
        wait_for(lambda: place.done() == events)
    found = outcome(vendor)
    lost_leases = crew.said().count("the lease was lost, nothing of it is kept")
    tell(
        f"clock jumps, {place.kind}: {events} events, workers' clocks up to 28 h wrong, the database's 3 times an hour ahead "
        f"and 2 times 2 s back, {lost_leases} leases lost meanwhile, {found}"
    )
    assert found.good, found
