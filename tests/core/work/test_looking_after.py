"""People see what there is to do, set failed work to work again with their name, and old work is emptied."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import pytest
from flask import Flask
from sqlalchemy import event, select, update

from pegboard import Plugin, enqueue
from pegboard.db import db
from pegboard.errors import ProviderError
from pegboard.live import current_board
from pegboard.testing.boards import MakeBoard
from pegboard.testing.work import do_work
from pegboard.work import counted, detailed, found, hold, progress, replay
from pegboard.work.looking import counted_up_to, dead_by_handler, dead_count
from pegboard.work.models import STATUSES, Work, WorkReplay
from pegboard.work.purging import purge
from pegboard.work.replaying import CannotReplay, dead_ids
from pegboard.work.sweeping import sweep

FAILING = {"now": True}


class Office(Plugin[Any]):
    """Has a function that fails."""

    name = "office"


def fail(word: str) -> None:
    if FAILING["now"]:
        raise ProviderError(f"no {word}", provider="bank", permanent=True)


def import_rows(count: int) -> Iterator[None]:
    for number in range(1, count + 1):
        progress(number, count, "rows imported")
    yield


@pytest.fixture
def app(url: str, make_board: MakeBoard) -> Iterator[Flask]:
    """A board with the office, and its context."""
    FAILING["now"] = True
    app = make_board(Office, database_url=url)
    with app.app_context():
        yield app


def failed(app: Flask, *words: str, lane: str | None = None) -> list[int]:
    for word in words:
        enqueue.into(lane=lane)(fail, word)
    db.session.commit()
    do_work(app)
    return list(dead_ids())


def test_what_is_not_finished_is_found_and_all_is_counted(app: Flask) -> None:
    first, second = failed(app, "a", "b")
    enqueue(fail, "c")
    db.session.commit()
    assert [(row["id"], row["status"]) for row in found()] == [
        (second + 1, "pending"),
        (second, "dead"),
        (first, "dead"),
    ]
    assert [row["id"] for row in found(status="dead", limit=1)] == [second]
    assert [row["id"] for row in found(status="dead", before=second)] == [first]
    assert found(queue="mail") == []
    assert {status: number for status, number in counted().items() if number} == {"pending": 1, "dead": 2}


def test_what_is_replayed_begins_anew_and_says_who_did_it(app: Flask) -> None:
    (item_id,) = failed(app, "a")
    token = db.session.get_one(Work, item_id).token
    FAILING["now"] = False
    assert replay([item_id], by="mona") == [item_id]
    assert do_work(app) == 1
    detail = detailed(item_id)
    assert detail is not None
    assert (detail.item.status, detail.item.tries) == ("done", 1)
    assert detail.item.token > token
    (audit,) = detail.replays
    assert (audit.replayed_by, audit.status, audit.tries) == ("mona", "dead", 1)
    assert "no a" in str(audit.error)
    assert audit.replayed_at > 0


def test_a_replay_in_a_lane_waits_for_its_turn(app: Flask) -> None:
    (item_id,) = failed(app, "a", lane="x")
    FAILING["now"] = False
    enqueue.into(lane="x")(fail, "b")
    db.session.commit()
    replay([item_id], by="mona")
    assert sorted(row["status"] for row in found()) == ["pending", "waiting"]
    assert do_work(app) == 2


def test_what_cannot_be_replayed_says_why(app: Flask) -> None:
    enqueue(fail, "a")
    db.session.commit()
    (item_id,) = db.session.scalars(select(Work.id))
    for wanted, said in ((item_id, "on its way already"), (999, "there is no work 999")):
        with pytest.raises(CannotReplay, match=said):
            replay([wanted], by="mona")
    do_work(app)
    db.session.execute(update(Work).values(purged_at=1))
    db.session.commit()
    with pytest.raises(CannotReplay, match="was purged"):
        replay([item_id], by="mona")
    assert db.session.scalars(select(WorkReplay)).all() == []


def test_the_dead_are_found_by_handler_and_time(app: Flask) -> None:
    ids = failed(app, "a", "b")
    assert list(dead_ids(handler=f"{__name__}:fail")) == ids
    assert list(dead_ids(handler="other.handler")) == []
    died = db.session.get_one(Work, ids[0]).finished_at or 0
    assert list(dead_ids(since=died)) == ids
    assert list(dead_ids(since=died + 3_600_000)) == []


def test_a_long_job_says_how_far_it_has_come(app: Flask) -> None:
    enqueue(import_rows, 3)
    db.session.commit()
    do_work(app)
    assert db.session.scalar(select(Work.progress)) == '{"done": 3, "total": 3, "note": "rows imported"}'
    progress(1, 2)  # outside of work: nothing


def test_old_work_is_emptied_and_its_row_stays(app: Flask) -> None:
    FAILING["now"] = False
    failed(app, "a")
    enqueue.into(once="july")(fail, "b")
    db.session.commit()
    do_work(app)
    FAILING["now"] = True
    failed(app, "c")
    purge()
    db.session.commit()
    assert db.session.scalars(select(Work.purged_at)).all() == [None] * 3
    db.session.execute(update(Work).values(finished_at=Work.finished_at - 31 * 86_400_000))
    db.session.commit()
    purge()
    db.session.commit()
    rows = db.session.execute(select(Work.status, Work.data, Work.purged_at.is_not(None)).order_by(Work.id)).all()
    assert [tuple(row) for row in rows] == [
        ("done", None, True),
        ("done", None, True),
        ("dead", '{"word": "c"}', False),
    ]
    assert enqueue.into(once="july")(fail, "b") is None


def test_old_ticks_of_schedules_are_deleted(app: Flask) -> None:
    from pegboard.work.insertion import NewItem, insert

    insert(
        db.session(),
        NewItem(kind="job", queue="jobs", handler="core.purge_work", dedupe_key="job:core.purge_work:1"),
    )
    db.session.execute(update(Work).values(status="done", finished_at=1))
    db.session.commit()
    purge()
    db.session.commit()
    assert db.session.scalars(select(Work)).all() == []


def test_several_statuses_are_found_together_the_newest_first_and_page_by_page(app: Flask) -> None:
    first, second, third = failed(app, "a", "b", "c")
    enqueue(fail, "d")
    db.session.commit()
    assert [row["id"] for row in found(status=("dead", "pending"), limit=2)] == [third + 1, third]
    assert [row["id"] for row in found(status=("dead", "pending"), before=third)] == [second, first]
    assert [row["id"] for row in found(status=STATUSES)] == [third + 1, third, second, first]
    assert found(status=STATUSES, kind="webhook") == []
    assert found(status="dead", queue="mail") == []


def test_counting_stops_where_more_would_not_matter(app: Flask) -> None:
    failed(app, "a", "b", "c")
    handler = f"{__name__}:fail"
    assert counted_up_to(2, "dead") == 2
    assert counted_up_to(10, ("dead", "parked")) == 3
    assert counted_up_to(10, "dead", handler) == 3
    assert counted_up_to(10, "dead", "nobody") == 0
    assert dead_by_handler(10) == {handler: 3}
    assert dead_by_handler(2) == {handler: 2}


def test_a_lane_that_a_request_holds_is_no_work(app: Flask) -> None:
    with hold("lane", wait=0):
        assert counted_up_to(10, "leased") == 0
        assert found(status="leased") == []
        assert found(status=STATUSES) == []


def test_a_replay_of_what_was_seen_dead_leaves_alone_what_is_done_by_now(app: Flask) -> None:
    (item,) = failed(app, "a")
    FAILING["now"] = False
    assert replay([item], "bob", only=("dead",)) == [item]
    do_work(app)
    with pytest.raises(CannotReplay, match="is done by now, not dead"):
        replay([item], "ada", only=("dead",))


def test_of_what_is_dead_the_oldest_are_given_first(app: Flask) -> None:
    items = failed(app, "a", "b", "c")
    assert list(dead_ids(limit=2)) == items[:2]


@pytest.mark.parametrize(
    "look",
    [
        lambda: found(status="dead"),
        lambda: found(status="parked", handler="nobody"),
        lambda: found(status=("waiting", "pending", "leased", "parked"), before=10),
        lambda: found(),
        lambda: counted_up_to(10, ("dead", "pending", "waiting", "leased", "parked")),
        lambda: dead_by_handler(10),
        dead_count,
        dead_ids,
        lambda: sweep(db.engine, current_board()),
    ],
    ids=["dead", "parked", "under way", "unfinished", "counted", "by handler", "dead count", "dead ids", "sweep"],
)
def test_among_very_much_that_is_done_the_rest_is_found_by_an_index(app: Flask, look: Callable[[], object]) -> None:
    if db.engine.dialect.name != "sqlite":
        pytest.skip("only SQLite says in few words how it would look")
    said: list[tuple[str, Any]] = []

    def note(connection: object, cursor: object, statement: str, parameters: Any, *others: object) -> None:
        said.append((statement, parameters))

    event.listen(db.engine, "before_cursor_execute", note)
    look()
    event.remove(db.engine, "before_cursor_execute", note)
    looked = [(statement, parameters) for statement, parameters in said if "work" in statement]
    assert looked
    with db.engine.connect() as connection:
        for statement, parameters in looked:
            plan = connection.exec_driver_sql(f"EXPLAIN QUERY PLAN {statement}", tuple(parameters))
            assert "SCAN work" not in [row[-1] for row in plan], statement
