"""A new release under load: the old one and the new one work beside each other, on two machines with one database."""

from __future__ import annotations

import shutil
from collections.abc import Callable
from contextlib import ExitStack
from pathlib import Path

import pytest

from tests.chaos.place import CODE, Place, Vendor, outcome, wait_for
from tests.core.work.working import Crew

pytestmark = pytest.mark.slow
_NEWER = CODE.replace("RELEASE = 1", "RELEASE = 2").replace(
    "    thing: int\n\n    @property",
    "    thing: int\n    note: str\n    version = 2\n\n    @classmethod\n    def upgrade(cls, version, data):\n"
    '        return {**data, "note": "old"}\n\n    @property',
)


class Machine(Place):
    """Another machine: the same database, and a folder of its own."""

    def __init__(self, first: Place, folder: Path) -> None:  # the database is there already
        self.app, self.url, self.module, self.folder = first.app, first.url, first.module, folder
        shutil.copytree(first.folder, folder, ignore=shutil.ignore_patterns("*.log", "vendor"))
        (folder / "vendor").symlink_to(first.folder / "vendor")

    def deploy(self, code: str) -> None:
        (self.folder / "shop.py").write_text(code, encoding="utf-8")


def test_a_release_under_load_loses_nothing_and_what_is_newer_waits_for_it(
    place: Place, tmp_path: Path, full: bool, tell: Callable[[str], None]
) -> None:
    assert _NEWER.count("note: str") == 1
    events = 5_000 if full else 1_000
    newer_from = events // 3

    def write(event: int, thing: int) -> None:
        place.record(event, thing, version=1 if event < newer_from else 2)

    vendor = Vendor(place, events, things=events // 40, write=write, pause=0.008)
    machines = [Machine(place, tmp_path / f"machine-{number}") for number in range(2)]
    with ExitStack() as stack:
        crews: list[tuple[ExitStack, Crew]] = []
        for machine in machines:
            inner = stack.enter_context(ExitStack())
            crews.append((inner, inner.enter_context(machine.workers(2))))
        stack.enter_context(vendor.telling())
        for number, machine in enumerate(machines):
            wait_for(lambda: vendor.told > events * (number + 3) // 6)  # noqa: B023 - it ends before the next
            machine.deploy(_NEWER)
            inner, crew = crews[number]
            assert crew.stop() == 0
            inner.close()
            stack.enter_context(machine.workers(2))
        wait_for(lambda: place.done() == events)
    found = outcome(vendor)
    of_release = place.execute("SELECT count(*) FROM effects GROUP BY release ORDER BY release")
    wrong = place.execute("SELECT count(*) FROM effects WHERE release = 1 AND event >= :newer", newer=newer_from)
    tell(
        f"a release under load, {place.kind}: {events} events, those after {newer_from} of a newer version, 2 machines one "
        f"after the other, {of_release[0]} done by the old and {of_release[1]} by the new, {found}"
    )
    assert wrong == [0]
    assert found.good, found
