"""A deployment that copies what a vendor has; the vendor, which tells it what has changed; and what came of it."""

from __future__ import annotations

import json
import os
import random
import signal
import threading
from collections import defaultdict
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime
from http.client import HTTPException
from pathlib import Path
from time import monotonic, sleep
from typing import Any
from uuid import uuid4

from sqlalchemy import text
from sqlalchemy.exc import DBAPIError

from pegboard.db import db
from pegboard.work.insertion import NewItem, insert
from tests.core.work.working import Crew, Workplace

CODE = Path(__file__).with_name("shop.py").read_text(encoding="utf-8")
_WINDOW = 200
_DUPLICATES = 0.1


class Place(Workplace):
    """A board with the plugin `shop`, whose workers are processes. Leases are short, so that the dead are soon found."""

    def __init__(self, folder: Path, url: str, **settings: Any) -> None:
        super().__init__(folder, url, plugin="shop:Shop", code=CODE, **settings)
        key = "INTEGER PRIMARY KEY" if url.startswith("sqlite") else "BIGSERIAL PRIMARY KEY"
        self.execute("DROP TABLE effects")
        self.execute(
            f"CREATE TABLE effects (id {key}, event INTEGER NOT NULL, thing INTEGER NOT NULL, release INTEGER NOT NULL)"
        )
        self.execute("CREATE TABLE copies (thing INTEGER PRIMARY KEY, version INTEGER NOT NULL)")

    @property
    def kind(self) -> str:
        return self.url.partition(":")[0].partition("+")[0]

    def write(self, event: int, thing: int, *, function: str = "changed") -> None:
        """What is told, written down and committed. The same event twice is one item."""
        item = NewItem(
            kind="job",
            queue="webhooks",
            handler=f"shop:{function}",
            lane=f"shop:{thing}",
            dedupe_key=f"event:{event}",
            data=json.dumps({"event": event, "thing": thing}),
        )
        with self.app.app_context(), db.engine.begin() as connection:
            insert(connection, item)

    def record(self, event: int, thing: int, *, version: int = 1) -> None:
        """The same as an event, as that `version` of the code records it."""
        data: dict[str, Any] = {"id": str(uuid4()), "at": datetime.now(UTC).isoformat(), "event": event, "thing": thing}
        item = NewItem(
            kind="event",
            queue="events",
            handler="shop.shop_changed",
            lane=f"shop.shop_changed:{thing}",
            dedupe_key=f"event:{event}",
            event_type="shop_changed",
            event_version=version,
            data=json.dumps(data if version == 1 else {**data, "note": "new"}),
        )
        with self.app.app_context(), db.engine.begin() as connection:
            insert(connection, item)

    def jump(self, milliseconds: int) -> None:
        """Let the database's clock jump ahead: a later "now" is the same as earlier times in all rows."""
        with self.app.app_context(), db.engine.begin() as connection:
            if connection.dialect.name != "sqlite":
                connection.execute(text("LOCK TABLE work IN EXCLUSIVE MODE"))  # a clock takes no row's lock
            statement = (
                "UPDATE work SET run_at = run_at - :jump, lease_until = lease_until - :jump "
                "WHERE status IN ('pending', 'leased', 'waiting')"
            )
            connection.execute(text(statement), {"jump": milliseconds})

    def done(self) -> int:
        return self.hurried().get("done", 0)


@dataclass
class Vendor:
    """Changes its things, and tells of it: out of order, some of it twice, and again until somebody has taken it."""

    place: Place
    events: int
    things: int
    seed: int = 1
    write: Callable[[int, int], None] | None = None
    pause: float = 0.0
    told: int = 0
    again: int = 0
    refused: int = 0
    versions: list[int] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.versions = [0] * self.things
        self._file = self.place.folder / "vendor"
        self._file.write_bytes(bytes(4 * self.things))

    def tell(self) -> None:
        """All of it. Each thing changes many times while copies of it are made."""
        chance = random.Random(self.seed)
        before: list[tuple[int, int]] = []
        with self._file.open("r+b", buffering=0) as file:
            for start in range(0, self.events, _WINDOW):
                window = []
                for event in range(start, min(start + _WINDOW, self.events)):
                    thing = chance.randrange(self.things)
                    window.append((event, thing))
                    before.append((event, thing))
                    self.versions[thing] += 1
                    os.pwrite(file.fileno(), self.versions[thing].to_bytes(4, "little"), 4 * thing)
                twice = chance.sample(before, min(round(_DUPLICATES * len(window)), len(before)))
                self.again += len(twice)
                window += twice
                chance.shuffle(window)
                for event, thing in window:
                    self._until_taken(event, thing)
                    sleep(self.pause)

    @contextmanager
    def telling(self) -> Iterator[threading.Thread]:
        """Beside what the block does, which ends when all is told."""
        thread = threading.Thread(target=self.tell, daemon=True)
        thread.start()
        yield thread
        thread.join()

    def _until_taken(self, event: int, thing: int) -> None:
        while True:
            try:
                (self.write or self.place.write)(event, thing)
                self.told += 1
                return
            except (DBAPIError, OSError, HTTPException):
                self.refused += 1
                sleep(0.2)


@dataclass(frozen=True)
class Outcome:
    """What became of everything that the vendor has told. All four are 0, or something is wrong."""

    lost: int
    doubled: int
    stale: int
    disordered: int
    failures: int

    def __str__(self) -> str:
        return (
            f"{self.failures} failed tries; lost {self.lost}, with two effects {self.doubled}, stale {self.stale}, "
            f"out of order {self.disordered}"
        )

    @property
    def good(self) -> bool:
        return (self.lost, self.doubled, self.stale, self.disordered) == (0, 0, 0, 0)


def outcome(vendor: Vendor, key: str = "event:") -> Outcome:
    """Counted in the database, after the last of it is done. `key` is what the items' `dedupe_key` begins with."""
    place = vendor.place
    with place.app.app_context(), db.engine.connect() as connection:
        effects: dict[int, int] = defaultdict(int)
        order: dict[str, int] = {}
        disordered = 0
        query = (
            "SELECT e.event, w.lane, w.id FROM effects e JOIN work w ON w.dedupe_key = :key || e.event ORDER BY e.id"
        )
        for event, lane, item in connection.execute(text(query), {"key": key}):
            effects[event] += 1
            disordered += item < order.get(lane, 0)
            order[lane] = item
        copies = {row[0]: row[1] for row in connection.execute(text("SELECT thing, version FROM copies"))}
        failures = connection.scalar(text("SELECT sum(tries - 1) FROM work WHERE status = 'done'"))
    return Outcome(
        lost=vendor.events - len(effects),
        doubled=sum(count > 1 for count in effects.values()),
        stale=sum(copies.get(thing, 0) != version for thing, version in enumerate(vendor.versions)),
        disordered=disordered,
        failures=failures or 0,
    )


def kill_as_it_goes(place: Place, crew: Crew, events: int, kills: int) -> int:
    """kill -9 a worker, any of them, each time another part is done; how many were killed."""
    killed = 0
    for number in range(1, kills + 1):
        wait_for(lambda: place.done() >= events * number // (kills + 2))  # noqa: B023 - it ends before the next number
        pids = crew.pids()
        if pids:
            try:
                os.kill(random.choice(pids), signal.SIGKILL)
            except ProcessLookupError:
                continue
            killed += 1
    return killed


def wait_for(condition: Callable[[], object], seconds: float = 300) -> None:
    """Asks five times a second; a database that is away has not come to it."""
    deadline = monotonic() + seconds
    while True:
        try:
            if condition():
                return
        except DBAPIError:
            pass
        assert monotonic() < deadline, "it never came to that"
        sleep(0.2)
