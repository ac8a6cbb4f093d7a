"""A handler that hangs: its worker is killed, and the others go on."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from time import monotonic

import pytest

from tests.chaos.place import Place, Vendor, outcome, wait_for

pytestmark = pytest.mark.slow


def test_a_handler_that_hangs_is_killed_again_and_again_while_the_others_are_served(
    url: str, tmp_path: Path, full: bool, tell: Callable[[str], None]
) -> None:
    events = 5_000 if full else 500
    place = Place(tmp_path / "board", url, work_seconds=2)
    vendor = Vendor(place, events, things=events // 40)
    place.write(-1, -1, function="hang")
    began = monotonic()
    with place.workers(2) as crew, vendor.telling():
        wait_for(lambda: place.done() == events)
        took = monotonic() - began
        wait_for(lambda: crew.said().count("takes longer than 2 s") >= 2)
        kills = crew.said().count("takes longer than 2 s")
    found = outcome(vendor)
    tell(
        f"a handler that hangs, {place.kind}: killed {kills} times, {events} others in {took:.0f} s with 2 workers, {found}"
    )
    assert place.statuses().get("dead", 0) <= 1, "it is dead after twelve times, and nothing else is"
    assert found.good, found
    place.close()
