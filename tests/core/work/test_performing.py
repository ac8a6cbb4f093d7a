"""A handler's effect, what it records and the mark that it is done are one; whatever it raises, the item says so."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import pytest
from flask import Flask
from sqlalchemy import select, text, update

from pegboard import Plugin, hookimpl, record
from pegboard.db import db, outside_transaction
from pegboard.errors import ProviderError, RateLimited
from pegboard.events import RoleGranted, UserRegistered
from pegboard.observability.ids import current_ids, request_id
from pegboard.testing.boards import MakeBoard
from pegboard.testing.work import do_work
from pegboard.work import finishing
from pegboard.work.backoff import MOST_TRIES
from pegboard.work.claiming import claim
from pegboard.work.models import Work, WorkGate
from pegboard.work.performing import perform

ADA = UserRegistered("ada", "ada@example.com", "Ada")
Behaviour = Callable[[UserRegistered], Any]


class Listener(Plugin[Any]):
    """Does with a new account what the test says."""

    name = "listener"

    def __init__(self, settings: Any) -> None:
        super().__init__(settings)
        self.behaviour: Behaviour = lambda event: effect(event.user)

    @hookimpl
    def user_registered(self, event: UserRegistered) -> Any:
        return self.behaviour(event)

    @hookimpl
    def role_granted(self, event: RoleGranted) -> None:
        effect(f"{event.user} is {event.role}")


class Other(Plugin[Any]):
    """Hears of new accounts as well, and never fails."""

    name = "other"

    @hookimpl
    def user_registered(self, event: UserRegistered) -> None:
        effect("other")


def effect(word: str) -> None:
    db.session.execute(text("INSERT INTO effects (word) VALUES (:word)"), {"word": word})


def effects() -> list[str]:
    return list(db.session.scalars(text("SELECT word FROM effects ORDER BY word")))


@pytest.fixture
def app(url: str, make_board: MakeBoard) -> Iterator[Flask]:
    """A board with a listener and a table of effects, and its context."""
    app = make_board(Listener, database_url=url)
    with app.app_context():
        with db.engine.begin() as connection:
            connection.execute(text("CREATE TABLE effects (word VARCHAR(100))"))
        yield app
        db.session.rollback()


@pytest.fixture
def listener(app: Flask) -> Listener:
    from pegboard.live import board_of

    return board_of(app).plugin(Listener)


def told(*events: Any) -> None:
    for event in events or (ADA,):
        record(event)
    db.session.commit()


def rows() -> list[Work]:
    db.session.rollback()
    return list(db.session.scalars(select(Work).order_by(Work.id).execution_options(populate_existing=True)))


def only() -> Work:
    (row,) = rows()
    return row


def test_what_was_recorded_is_handled_once(app: Flask) -> None:
    told()
    assert do_work(app) == 1
    assert do_work(app) == 0
    assert effects() == ["ada"]
    assert (only().status, only().tries) == ("done", 1)


def test_what_a_handler_records_is_handled_as_well(app: Flask, listener: Listener) -> None:
    listener.behaviour = lambda event: record(RoleGranted(event.user, "admin"))
    told()
    assert do_work(app) == 2
    assert effects() == ["ada is admin"]


def test_a_handler_that_raises_leaves_nothing_and_is_tried_again(app: Flask, listener: Listener) -> None:
    def fail(event: UserRegistered) -> None:
        effect("half")
        record(RoleGranted(event.user, "admin"))
        raise OSError("no answer")

    listener.behaviour = fail
    told()
    do_work(app)
    assert effects() == []
    row = only()
    assert (row.status, row.tries) == ("pending", 1)
    assert "OSError: no answer" in str(row.error)
    listener.behaviour = lambda event: effect("whole")
    assert do_work(app, whenever=True) == 1
    assert effects() == ["whole"]
    assert (only().status, only().error) == ("done", None)


def test_one_handler_that_fails_holds_up_no_other(url: str, app: Flask, make_board: MakeBoard) -> None:
    def fail(event: UserRegistered) -> None:
        raise OSError("no")

    both = make_board(Listener, Other, database_url=url)
    from pegboard.live import board_of

    board_of(both).plugin(Listener).behaviour = fail
    with both.app_context():
        told(ADA, ADA)
        do_work(both)
        assert effects() == ["other", "other"]
        assert sorted(row.status for row in rows()) == ["done", "done", "pending", "waiting"]


def test_after_the_last_try_it_is_dead_and_its_lane_goes_on(app: Flask, listener: Listener) -> None:
    def fail(event: UserRegistered) -> None:
        if event.name == "Ada":
            raise OSError("no")
        effect(event.name)

    listener.behaviour = fail
    told(ADA, UserRegistered("ada", "ada@example.com", "Ada Lovelace"))
    for _ in range(MOST_TRIES):
        do_work(app, whenever=True)
    assert [(row.status, row.tries) for row in rows()] == [("dead", MOST_TRIES), ("done", 1)]
    assert effects() == ["Ada Lovelace"]


def test_what_cannot_be_helped_is_dead_at_once(app: Flask, listener: Listener) -> None:
    def fail(event: UserRegistered) -> None:
        raise ProviderError("no such customer", provider="bank", permanent=True)

    listener.behaviour = fail
    told()
    do_work(app)
    assert (only().status, only().tries) == ("dead", 1)
    assert "bank: no such customer" in str(only().error)


def test_a_provider_that_says_when_is_tried_then(app: Flask, listener: Listener) -> None:
    def fail(event: UserRegistered) -> None:
        raise ProviderError("later", provider="bank", retry_after=9_000)

    listener.behaviour = fail
    told()
    before = only().created_at
    do_work(app)
    assert only().run_at >= before + 9_000_000
    assert only().tries == 1


def test_a_provider_that_is_asked_too_often_is_left_alone_and_costs_no_try(app: Flask, listener: Listener) -> None:
    calls: list[str] = []

    def fail(event: UserRegistered) -> None:
        calls.append(event.user)
        raise RateLimited("slow down", provider="bank", retry_after=600)

    listener.behaviour = fail
    told(*(UserRegistered(f"user {number}", "a@example.com", "A") for number in range(20)))
    do_work(app)
    assert len(calls) == 1
    assert {(row.status, row.tries) for row in rows()} == {("pending", 0)}
    assert all(row.run_at > rows()[0].created_at + 500_000 for row in rows())
    told(UserRegistered("late", "a@example.com", "A"))
    do_work(app)
    assert len(calls) == 1
    assert db.session.scalar(select(WorkGate.provider)) == "bank"
    listener.behaviour = lambda event: None
    db.session.execute(update(WorkGate).values(until=0))
    db.session.commit()
    assert do_work(app, whenever=True) == 21


def test_a_provider_that_does_not_say_how_long_is_left_alone_for_a_while_too(app: Flask, listener: Listener) -> None:
    calls: list[str] = []

    def fail(event: UserRegistered) -> None:
        calls.append(event.user)
        raise RateLimited("slow down", provider="bank")

    listener.behaviour = fail
    told(ADA)
    do_work(app)
    assert len(calls) == 1
    assert all(row.run_at >= row.created_at + 1_000 and row.tries == 0 for row in rows())


def test_what_a_handler_logs_has_the_ids_of_its_work_its_event_and_its_request(app: Flask, listener: Listener) -> None:
    seen: list[dict[str, str]] = []
    listener.behaviour = lambda event: seen.append(current_ids())
    with app.test_request_context(headers={"X-Request-ID": "request-1"}):
        request_id()
        told(ADA)
    (row,) = rows()
    do_work(app)
    assert seen == [{"work_id": str(row.id), "event_id": str(ADA.id), "request_id": "request-1"}]
    assert current_ids() == {}


def test_a_handler_in_two_steps_makes_its_calls_outside_the_transaction(app: Flask, listener: Listener) -> None:
    seen: list[bool] = []

    def handle(event: UserRegistered) -> Iterator[None]:
        assert db.session.scalar(text("SELECT 1")) == 1
        with outside_transaction():
            seen.append(db.session().in_transaction())
        answer = event.name.upper()
        yield
        effect(answer)

    listener.behaviour = handle
    told()
    do_work(app)
    assert (seen, effects(), only().status) == ([False], ["ADA"], "done")


def test_a_call_after_the_first_write_is_refused(app: Flask, listener: Listener) -> None:
    def handle(event: UserRegistered) -> Iterator[None]:
        yield
        effect("half")
        with outside_transaction():
            pass

    listener.behaviour = handle
    told()
    do_work(app)
    assert effects() == []
    assert "this call reaches the network" in str(only().error)


def _writes_first(event: UserRegistered) -> Iterator[None]:
    effect("early")
    yield


def _yields_twice(event: UserRegistered) -> Iterator[None]:
    yield
    effect("between")
    yield


def _never_yields(event: UserRegistered) -> Iterator[None]:
    if not event.user:
        yield


def _commits(event: UserRegistered) -> None:
    effect("kept?")
    db.session.commit()


def _returns(event: UserRegistered) -> str:
    effect("kept?")
    return "something"


@pytest.mark.parametrize(
    ("behaviour", "said"),
    [
        (_writes_first, "wrote before its `yield`"),
        (_yields_twice, "yields once, not twice"),
        (_never_yields, "yields once, between its calls and what it writes"),
        (_commits, "a handler commits: the worker does"),
        (_returns, "returned str: a handler returns nothing"),
    ],
)
def test_a_handler_that_breaks_the_rules_is_told_and_keeps_nothing(
    app: Flask, listener: Listener, behaviour: Behaviour, said: str
) -> None:
    listener.behaviour = behaviour
    told()
    do_work(app)
    assert said in str(only().error)
    assert effects() == []


def test_a_savepoint_in_a_handler_is_no_commit(app: Flask, listener: Listener) -> None:
    def handle(event: UserRegistered) -> None:
        with db.session.begin_nested():
            effect("inner")

    listener.behaviour = handle
    told()
    do_work(app)
    assert (only().status, effects()) == ("done", ["inner"])


def test_a_lease_that_was_lost_meanwhile_leaves_no_effect(app: Flask, listener: Listener) -> None:
    """Somebody else has taken it over while the handler ran: what this one did must not be there twice."""

    def overtaken(event: UserRegistered) -> Iterator[None]:
        with db.engine.begin() as other:
            other.execute(text("UPDATE work SET token = token + 1"))
        yield
        effect("twice?")

    listener.behaviour = overtaken
    told()
    with app.app_context():
        (item,) = claim(db.engine, "events", worker="late")
        assert perform(app, item) is None
    assert effects() == []
    assert only().status == "leased"


def test_what_the_database_asks_for_again_is_done_again_at_once(app: Flask, listener: Listener) -> None:
    from sqlalchemy.exc import OperationalError

    tries: list[int] = []

    def locked(event: UserRegistered) -> None:
        tries.append(1)
        effect("once")
        if len(tries) < 3:
            raise OperationalError("INSERT", {}, Exception("database is locked"))

    listener.behaviour = locked
    told()
    do_work(app)
    assert (len(tries), effects(), only().status, only().tries) == (3, ["once"], "done", 1)


def test_work_for_a_handler_that_is_gone_is_parked_and_resumed_when_it_is_back(
    url: str, app: Flask, make_board: MakeBoard
) -> None:
    told(ADA, ADA)
    without = make_board(database_url=url)
    do_work(without)
    assert [(row.status, row.tries) for row in rows()] == [("parked", 0), ("parked", 0)]
    assert "no enabled plugin handles listener.user_registered" in str(rows()[0].error)
    assert do_work(without) == 0
    assert do_work(app) == 2
    assert [row.status for row in rows()] == ["done", "done"]


def test_what_a_newer_version_recorded_waits_for_newer_code(app: Flask) -> None:
    told()
    db.session.execute(update(Work).values(event_version=2))
    db.session.commit()
    before = only().run_at
    do_work(app)
    assert (only().status, only().tries) == ("pending", 0)
    assert only().run_at > before


def test_what_cannot_be_read_is_dead_with_what_to_write(app: Flask) -> None:
    told()
    db.session.execute(update(Work).values(data='{"colour": "red"}'))
    db.session.commit()
    do_work(app)
    assert only().status == "dead"
    assert "raise its version, and write `upgrade`" in str(only().error)


def test_an_error_of_the_database_is_kept_without_peoples_data(app: Flask, listener: Listener) -> None:
    def fail(event: UserRegistered) -> None:
        db.session.execute(text("INSERT INTO nowhere VALUES (:email)"), {"email": event.email})

    listener.behaviour = fail
    told()
    do_work(app)
    assert "nowhere" in str(only().error)
    assert "ada@example.com" not in str(only().error)


def test_each_item_has_a_context_and_a_session_of_its_own(app: Flask, listener: Listener) -> None:
    sessions: list[int] = []
    listener.behaviour = lambda event: sessions.append(id(db.session()))
    mine = id(db.session())
    told()
    do_work(app)
    assert mine not in sessions


def test_events_of_one_subject_come_in_order_also_after_failures(app: Flask, listener: Listener) -> None:
    heard: list[str] = []

    def handle(event: UserRegistered) -> None:
        heard.append(event.name)
        if event.name == "1" and heard.count("1") < 3:
            raise OSError("no")

    listener.behaviour = handle
    told(*(UserRegistered("ada", "a@example.com", str(number)) for number in range(4)))
    for _ in range(4):
        do_work(app, whenever=True)
    assert heard == ["0", "1", "1", "1", "2", "3"]


def test_a_long_lane_lets_others_in_after_some(app: Flask, listener: Listener) -> None:
    heard: list[str] = []
    listener.behaviour = lambda event: heard.append(event.user)
    told(
        *(UserRegistered("long", "a@example.com", "A") for _ in range(30)),
        UserRegistered("other", "a@example.com", "A"),
    )
    do_work(app)
    assert heard.index("other") <= 10
    assert len(heard) == 31


def test_a_flood_in_one_queue_does_not_hold_up_another(app: Flask, listener: Listener) -> None:
    heard: list[str] = []
    listener.behaviour = lambda event: heard.append(event.user)
    for number in range(50):
        record(UserRegistered(f"bulk {number}", "a@example.com", "A"))
    db.session.execute(update(Work).values(queue="bulk"))
    told(*(UserRegistered(f"event {number}", "a@example.com", "A") for number in range(12)))
    do_work(app)
    assert all(word.startswith("event") for word in heard[:6])
    assert [word for word in heard[:8] if word.startswith("bulk")], "bulk has its turn as well"
    assert len(heard) == 62


def test_an_unknown_kind_of_work_is_parked(app: Flask) -> None:
    told()
    db.session.execute(update(Work).values(kind="novel"))
    db.session.commit()
    do_work(app)
    assert do_work(app) == 0
    assert only().status == "parked"


def test_an_event_that_an_author_cannot_upgrade_is_a_failure_of_that_item_alone(
    app: Flask, monkeypatch: pytest.MonkeyPatch
) -> None:
    told(ADA, UserRegistered("eve", "eve@example.com", "Eve"))
    db.session.execute(update(Work).where(Work.lane.endswith("ada")).values(event_version=-1))
    db.session.commit()
    upgrade = classmethod(lambda cls, version, data: data["nowhere"])
    monkeypatch.setattr(UserRegistered, "upgrade", upgrade)
    do_work(app)
    assert [row.status for row in rows()] == ["pending", "done"]
    assert "KeyError: 'nowhere'" in str(rows()[0].error)


def test_a_given_back_item_is_done_by_others(app: Flask) -> None:
    told()
    (item,) = claim(db.engine, "events", worker="first")
    with db.engine.begin() as connection:
        finishing.give_back(connection, item)
    do_work(app)
    assert (only().status, only().tries) == ("done", 1)
