"""What two transactions may do to a lane at the same moment, step by step where the database allows it, and in a storm."""

from __future__ import annotations

import random
import re
import threading
from collections import defaultdict
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from time import monotonic, sleep
from typing import TypeVar

import pytest
from sqlalchemy import Connection, Engine, text
from sqlalchemy.exc import DBAPIError, IntegrityError

from pegboard.db import db
from pegboard.testing.boards import MakeBoard
from pegboard.work import finishing
from pegboard.work.claiming import Item, claim_lane
from pegboard.work.finishing import LeaseLost
from pegboard.work.insertion import insert
from pegboard.work.lanes import promote
from pegboard.work.sweeping import sweep
from tests.core.work.items import firsts, make_due, new, put, statuses, take, take_one
from tests.postgres import NewDatabase

T = TypeVar("T")


@pytest.fixture
def postgres_engine(new_database: NewDatabase, make_board: MakeBoard) -> Iterator[Engine]:
    """SQLite lets one transaction write at a time: there these steps cannot be interleaved."""
    with make_board(database_url=new_database()).app_context():
        yield db.engine


@pytest.fixture
def two(postgres_engine: Engine) -> Iterator[tuple[Connection, Connection]]:
    """Two transactions."""
    with postgres_engine.connect() as one, postgres_engine.connect() as other:
        yield one, other


@pytest.mark.db
def test_inserted_while_the_last_of_its_lane_ends_it_is_first_after_the_nudge(
    postgres_engine: Engine, two: tuple[Connection, Connection]
) -> None:
    ending, inserting = two
    put(postgres_engine, "a")
    finishing.done(ending, take_one(postgres_engine))
    insert(inserting, new("a"))
    inserting.commit()
    ending.commit()
    assert statuses(postgres_engine) == ["done", "waiting"]
    assert claim_lane(postgres_engine, "a", worker="test") == []
    with postgres_engine.begin() as connection:
        assert promote(connection, "a")
    assert statuses(postgres_engine) == ["done", "pending"]


@pytest.mark.db
def test_committed_after_the_last_of_its_lane_ended_it_is_first_after_the_sweep(
    postgres_engine: Engine, two: tuple[Connection, Connection]
) -> None:
    ending, inserting = two
    put(postgres_engine, "a")
    item = take_one(postgres_engine)
    insert(inserting, new("a"))
    insert(inserting, new("a"))
    finishing.done(ending, item)
    ending.commit()
    inserting.commit()
    assert firsts(postgres_engine) == {"a": 0}
    assert sweep(postgres_engine).promoted == 1
    assert firsts(postgres_engine) == {"a": 1}
    assert statuses(postgres_engine) == ["done", "pending", "waiting"]


@pytest.mark.db
def test_two_that_begin_a_lane_at_once_are_worked_on_one_after_the_other(
    postgres_engine: Engine, two: tuple[Connection, Connection]
) -> None:
    for transaction in two:
        insert(transaction, new("a"))
    for transaction in two:
        transaction.commit()
    later = put(postgres_engine, "a")
    assert statuses(postgres_engine) == ["pending", "pending", "waiting"]
    first = take_one(postgres_engine)
    assert take(postgres_engine, 10) == []
    with postgres_engine.begin() as connection:
        finishing.retry(connection, first, delay=60_000, error="no")
    assert statuses(postgres_engine) == ["pending", "waiting", "waiting"]
    make_due(postgres_engine)
    done = []
    for _ in range(3):
        item = take_one(postgres_engine)
        done.append(item.id)
        with postgres_engine.begin() as connection:
            finishing.done(connection, item)
    assert done[-1] == later


@pytest.mark.db
def test_the_sweep_leaves_one_first_item_where_two_thought_so(
    postgres_engine: Engine, two: tuple[Connection, Connection]
) -> None:
    for transaction in two:
        insert(transaction, new("a"))
    for transaction in two:
        transaction.commit()
    assert firsts(postgres_engine) == {"a": 2}
    assert sweep(postgres_engine).demoted == 1
    assert statuses(postgres_engine) == ["pending", "waiting"]


@pytest.mark.db
def test_the_index_lets_one_of_two_claims_have_the_lane(
    postgres_engine: Engine, two: tuple[Connection, Connection]
) -> None:
    """One transaction has leased, and not committed; another looks at the lane before that can be seen."""
    ids = [insert(transaction, new("a")) for transaction in two]
    for transaction in two:
        transaction.commit()
    lease = text("UPDATE work SET status = 'leased', lease_until = 9999999999999, token = 1 WHERE id = :id")
    two[0].execute(lease, {"id": ids[0]})
    with ThreadPoolExecutor(1) as threads:
        taken = threads.submit(take, postgres_engine, 1)
        _wait_until_one_waits(postgres_engine)
        two[0].commit()
        assert taken.result(timeout=30) == []
    with pytest.raises(IntegrityError):
        two[1].execute(lease, {"id": ids[1]})
    two[1].rollback()


@pytest.mark.db
def test_what_somebody_has_leased_meanwhile_is_not_promoted(
    postgres_engine: Engine, two: tuple[Connection, Connection]
) -> None:
    put(postgres_engine, "a")
    with postgres_engine.begin() as connection:
        item = take_one(postgres_engine)
        put(postgres_engine, "a")
        connection.execute(text("DELETE FROM work WHERE id = :id"), {"id": item.id})
    two[0].execute(text("UPDATE work SET status = 'leased', token = 1"))
    with ThreadPoolExecutor(1) as threads:
        promoted = threads.submit(promote, two[1], "a")
        _wait_until_one_waits(postgres_engine)
        two[0].commit()
        assert promoted.result(timeout=30) is False
    two[1].commit()
    assert statuses(postgres_engine) == ["leased"]


def test_one_of_many_claimers_has_the_lane(engine: Engine) -> None:
    for _ in range(20):
        put(engine, "a")
    barrier = threading.Barrier(8)

    def race(_: int) -> list[Item]:
        barrier.wait()
        return take(engine, 3)

    with ThreadPoolExecutor(8) as threads:
        found = [item for items in threads.map(race, range(8)) for item in items]
    assert len(found) == 1


class Storm:
    """Producers with lanes of their own, and workers that finish, fail, die and lose their leases, all at once."""

    def __init__(self, engine: Engine, *, lanes: int, items: int, seed: int) -> None:
        self.engine, self.lanes, self.items = engine, lanes, items
        self.random = random.Random(seed)
        self.produced: dict[str, list[int]] = defaultdict(list)
        self.effects: dict[str, list[int]] = defaultdict(list)

    def produce(self, lane: str) -> None:
        """One transaction after the other, each with one item or two; some are rolled back."""
        for _ in range(self.items):
            with self.engine.connect() as connection:
                made = [insert(connection, new(lane)) for _ in range(self.random.choice((1, 1, 2)))]
                if self.random.random() < 0.1:
                    connection.rollback()
                    continue
                connection.commit()
            self.produced[lane] += [id_ for id_ in made if id_ is not None]

    def work(self, stop: threading.Event) -> None:
        while not stop.is_set():
            taken = _tried(lambda: take(self.engine, 3, lease=self.random.choice((60_000, 60_000, 60_000, -1))))
            for item in taken or ():
                _tried(partial(self.end, item))

    def end(self, item: Item) -> None:
        chance = self.random.random()
        if chance < 0.1:
            return  # killed: the sweep takes the lease back
        with self.engine.begin() as connection:
            if chance < 0.2:
                finishing.retry(connection, item, delay=0, error="again")
            elif chance < 0.25:
                finishing.dead(connection, item, "no")
            elif chance < 0.35:
                finishing.give_back(connection, item)
            else:
                connection.execute(text("INSERT INTO effects (work_id) VALUES (:id)"), {"id": item.id})
                finishing.done(connection, item)

    def run(self, workers: int, sweeps: bool) -> None:
        stop = threading.Event()
        with ThreadPoolExecutor(self.lanes + workers + 1) as threads:
            running = [threads.submit(self.work, stop) for _ in range(workers)]
            producing = [threads.submit(self.produce, f"lane {number}") for number in range(self.lanes)]
            if sweeps:
                running.append(threads.submit(self.sweep, stop))
            for one in producing:
                one.result()
            stop.set()
            for one in running:
                one.result()

    def sweep(self, stop: threading.Event) -> None:
        while not stop.wait(0.01):
            _tried(lambda: sweep(self.engine))

    def settle(self) -> None:
        """Work on what is left, without an accident."""
        for _ in range(10_000):
            make_due(self.engine, lease_until=0)
            sweep(self.engine)
            if not (taken := take(self.engine, 50)):
                return
            for item in taken:
                with self.engine.begin() as connection:
                    connection.execute(text("INSERT INTO effects (work_id) VALUES (:id)"), {"id": item.id})
                    finishing.done(connection, item)


def _wait_until_one_waits(engine: Engine) -> None:
    """Until a transaction waits for another's lock."""
    deadline = monotonic() + 30
    with engine.connect().execution_options(isolation_level="AUTOCOMMIT") as connection:
        while not connection.scalar(text("SELECT count(*) FROM pg_locks WHERE NOT granted")):
            assert monotonic() < deadline
            sleep(0.01)


def _tried(call: Callable[[], T]) -> T | None:
    """What a runner does about a lost lease and a transaction that the database ended: nothing, and it goes on."""
    try:
        return call()
    except LeaseLost:
        return None
    except DBAPIError as error:
        if re.search("deadlock|locked|serializ", str(error), re.IGNORECASE):
            return None
        raise


@pytest.fixture
def effects(engine: Engine) -> Engine:
    """A table of effects, which keeps their order and would take one twice."""
    with engine.begin() as connection:
        number = "INTEGER PRIMARY KEY" if engine.dialect.name == "sqlite" else "SERIAL PRIMARY KEY"
        connection.execute(text(f"CREATE TABLE effects (number {number}, work_id BIGINT NOT NULL)"))
    return engine


@pytest.mark.slow
@pytest.mark.parametrize("seed", range(3))
def test_a_storm_loses_doubles_and_disorders_nothing(effects: Engine, seed: int) -> None:
    storm = Storm(effects, lanes=6, items=30, seed=seed)
    storm.run(workers=4, sweeps=True)
    storm.settle()
    with effects.connect() as connection:
        query = text("SELECT e.work_id, w.lane FROM effects e JOIN work w ON w.id = e.work_id ORDER BY e.number")
        for work_id, lane in connection.execute(query):
            storm.effects[lane].append(work_id)
        dead = set(connection.scalars(text("SELECT id FROM work WHERE status = 'dead'")))
    for lane, made in storm.produced.items():
        assert storm.effects[lane] == [id_ for id_ in made if id_ not in dead]
    assert set(statuses(effects)) <= {"done", "dead"}


@pytest.mark.slow
@pytest.mark.parametrize("seed", range(3))
def test_one_sweep_after_a_storm_leaves_each_lane_exactly_one_first_item(effects: Engine, seed: int) -> None:
    """Several producers share lanes here, and nobody sweeps meanwhile: lanes end up without a first item, or with two."""
    storm = Storm(effects, lanes=4, items=40, seed=seed)
    stop = threading.Event()
    with ThreadPoolExecutor(12) as threads:
        workers = [threads.submit(storm.work, stop) for _ in range(4)]
        for one in [threads.submit(storm.produce, f"lane {number % 4}") for number in range(8)]:
            one.result()
        stop.set()
        for one in workers:
            one.result()
    for lane in ("lane 0", "lane 1", "lane 2", "lane 3"):
        put(effects, lane)
    sweep(effects)
    assert firsts(effects) == {f"lane {number}": 1 for number in range(4)}
