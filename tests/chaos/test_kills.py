"""Workers that are killed without warning, with a vendor that repeats itself and tells things out of order."""

from __future__ import annotations

import sys
from collections.abc import Callable
from time import monotonic

import pytest

from tests.chaos.place import Place, Vendor, kill_as_it_goes, outcome, wait_for

pytestmark = [
    pytest.mark.slow,
    pytest.mark.skipif(not sys.platform.startswith("linux"), reason="looks at /proc"),
]


def test_killed_workers_lose_double_and_disorder_nothing_and_every_copy_is_as_the_vendor_has_it(
    place: Place, full: bool, tell: Callable[[str], None]
) -> None:
    events, kills = (20_000, 20) if full else (2_000, 5)
    vendor = Vendor(place, events, things=events // 40)
    began = monotonic()
    with place.workers(4) as crew, vendor.telling():
        killed = kill_as_it_goes(place, crew, events, kills)
        wait_for(lambda: place.done() == events)
    took = monotonic() - began
    found = outcome(vendor)
    tell(
        f"kill -9 of workers, {place.kind}: {events} events of {vendor.things} things to 4 workers, {vendor.again} told twice, "
        f"{killed} kills, {found}; {took:.0f} s, {events / took:.0f}/s"
    )
    assert killed == kills
    assert found.good, found
