"""A lane has one item at a time, in order, whatever happens to the item and to its lease."""

from __future__ import annotations

import pytest
from sqlalchemy import Engine

from pegboard.work import finishing
from pegboard.work.backoff import MOST_TRIES
from pegboard.work.claiming import claim_lane
from pegboard.work.finishing import LeaseLost
from pegboard.work.sweeping import sweep
from tests.core.work.items import firsts, make_due, put, statuses, take, take_one


def test_the_first_of_a_lane_is_pending_and_the_others_wait(engine: Engine) -> None:
    put(engine, "a"), put(engine, "a"), put(engine, "b"), put(engine)
    assert statuses(engine) == ["pending", "waiting", "pending", "pending"]


def test_one_claim_takes_one_of_each_lane(engine: Engine) -> None:
    ids = [put(engine, "a"), put(engine, "a"), put(engine, "b"), put(engine), put(engine)]
    assert [item.id for item in take(engine, 10)] == [ids[0], ids[2], ids[3], ids[4]]
    assert take(engine, 10) == []


def test_what_is_done_makes_way_for_the_next(engine: Engine) -> None:
    first, second = put(engine, "a"), put(engine, "a")
    item = take_one(engine)
    assert item.id == first
    with engine.begin() as connection:
        finishing.done(connection, item)
    assert statuses(engine) == ["done", "pending"]
    assert [one.id for one in claim_lane(engine, "a", worker="test")] == [second]


def test_what_failed_stays_first_and_holds_up_its_lane_alone(engine: Engine) -> None:
    put(engine, "a"), put(engine, "a")
    other = put(engine, "b")
    with engine.begin() as connection:
        finishing.retry(connection, take_one(engine), delay=60_000, error="no")
    assert statuses(engine, "a") == ["pending", "waiting"]
    assert [item.id for item in take(engine, 10)] == [other]


def test_what_is_dead_or_parked_holds_up_nothing(engine: Engine) -> None:
    third = [put(engine, "a") for _ in range(3)][2]
    with engine.begin() as connection:
        finishing.dead(connection, take_one(engine), "no")
    with engine.begin() as connection:
        finishing.park(connection, take_one(engine), "no handler")
    assert statuses(engine) == ["dead", "parked", "pending"]
    item = take_one(engine)
    assert (item.id, item.tries) == (third, 1)


def test_what_is_given_back_was_not_tried(engine: Engine) -> None:
    put(engine, "a")
    with engine.begin() as connection:
        finishing.give_back(connection, take_one(engine))
    item = take_one(engine)
    assert (item.tries, item.token) == (1, 2)


def test_a_second_item_with_the_same_key_is_none(engine: Engine) -> None:
    from pegboard.work.insertion import insert
    from tests.core.work.items import new

    put(engine, dedupe_key="once")
    with engine.begin() as connection:
        assert insert(connection, new(dedupe_key="once")) is None
    assert statuses(engine) == ["pending"]


def test_what_is_not_due_is_left_alone(engine: Engine) -> None:
    put(engine, delay=60_000)
    assert take(engine) == []
    make_due(engine)
    assert len(take(engine)) == 1


def test_a_lease_that_ran_out_is_taken_back_and_its_holder_can_write_nothing(engine: Engine) -> None:
    put(engine, "a"), put(engine, "a")
    late = take(engine, lease=-1)[0]
    assert sweep(engine).expired == 1
    again = take_one(engine)
    assert (again.id, again.tries, again.token) == (late.id, 2, 2)
    for end in (finishing.done, finishing.give_back, finishing.renew):
        with pytest.raises(LeaseLost), engine.begin() as connection:
            end(connection, late)
    with engine.begin() as connection:
        finishing.done(connection, again)
    assert statuses(engine) == ["done", "pending"]


def test_the_token_fences_also_the_same_worker(engine: Engine) -> None:
    """The fence is the attempt, not the worker's name: both leases here are those of `test`."""
    put(engine)
    old = take(engine, lease=-1)[0]
    sweep(engine)
    take_one(engine)
    with pytest.raises(LeaseLost), engine.begin() as connection:
        finishing.done(connection, old)


def test_an_item_that_kills_its_workers_is_dead_in_the_end(engine: Engine) -> None:
    put(engine, "a"), put(engine, "a")
    for _ in range(MOST_TRIES):
        take(engine, lease=-1)
        sweep(engine)
    assert statuses(engine) == ["dead", "pending"]
    assert firsts(engine) == {"a": 1}


def test_ordered_as_they_became_visible_also_with_a_queue_of_their_own(engine: Engine) -> None:
    ids = [put(engine, "a", queue=queue) for queue in ("jobs", "bulk", "jobs")]
    found = []
    for _ in ids:
        (item,) = claim_lane(engine, "a", worker="test")
        found.append(item.id)
        with engine.begin() as connection:
            finishing.done(connection, item)
    assert found == ids


def test_the_sweep_of_a_table_in_order_changes_nothing(engine: Engine) -> None:
    put(engine, "a"), put(engine, "a"), put(engine)
    take_one(engine)
    found = sweep(engine)
    assert (found.expired, found.promoted, found.demoted) == (0, 0, 0)
