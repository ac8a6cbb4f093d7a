"""An administrator is told of what is wrong and of its end, once each, whoever notices it."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor

import pytest
from flask import Flask
from sqlalchemy import Engine, select, text, update

from pegboard.db import db
from pegboard.observability.calls import Call, Outcome, calls_of, told
from pegboard.testing.work import do_work
from pegboard.work import alarms
from pegboard.work.models import DEAD, DONE, Alarm, Work
from pegboard.work.watching import Watch
from tests.core.work.items import put


def said(caplog: pytest.LogCaptureFixture) -> list[str]:
    """What was told so far, in order; it is forgotten then."""
    found = [f"{one.levelname} {one.getMessage()}" for one in caplog.records if one.name == "pegboard.alarm"]
    caplog.clear()
    return found


def kill(engine: Engine, item: int, error: str = "RuntimeError: no\n    at x.py:1") -> None:
    with engine.begin() as connection:
        connection.execute(update(Work).where(Work.id == item).values(status=DEAD, error=error))


def revive(engine: Engine) -> None:
    with engine.begin() as connection:
        connection.execute(update(Work).values(status=DONE))


def call(outcome: Outcome, provider: str = "bank") -> Call:
    return Call(provider, "pay", outcome, 1.0)


def five_minutes_pass(engine: Engine) -> None:
    with engine.begin() as connection:
        connection.execute(update(Alarm).values(since=Alarm.since - alarms.PATIENCE))


def test_the_first_dead_work_is_told_once_and_its_end_once(engine: Engine, caplog: pytest.LogCaptureFixture) -> None:
    first, second = put(engine), put(engine)
    alarms.look(engine)
    assert said(caplog) == []
    kill(engine, first)
    alarms.look(engine)
    kill(engine, second)
    alarms.look(engine)
    assert said(caplog) == [
        f"ERROR work {first}, test.job, has failed for good: RuntimeError: no\n    → pegboard work dead"
    ]
    revive(engine)
    alarms.look(engine)
    alarms.look(engine)
    assert said(caplog) == ["WARNING over: no work is dead any more"]
    kill(engine, second)
    alarms.look(engine)
    assert len(said(caplog)) == 1


def test_of_many_who_notice_it_at_once_one_tells(engine: Engine, caplog: pytest.LogCaptureFixture) -> None:
    kill(engine, put(engine))
    with ThreadPoolExecutor(8) as pool:
        list(pool.map(lambda _: alarms.look(engine), range(24)))
    assert len(said(caplog)) == 1
    revive(engine)
    with ThreadPoolExecutor(8) as pool:
        list(pool.map(lambda _: alarms.look(engine), range(24)))
    assert len(said(caplog)) == 1


def test_who_dies_between_noting_and_telling_leaves_it_to_the_next(
    engine: Engine, caplog: pytest.LogCaptureFixture
) -> None:
    kill(engine, put(engine))
    alarms.begin(engine, alarms.DEAD_WORK, "words of who died")
    alarms.look(engine)
    assert said(caplog) == ["ERROR words of who died"]


def test_a_worker_tells_of_what_died(app: Flask, engine: Engine, caplog: pytest.LogCaptureFixture) -> None:
    kill(engine, put(engine))
    do_work(app)
    assert len(said(caplog)) == 1


def test_a_provider_that_fails_for_five_minutes_is_told_once_and_that_it_answers_again(
    app: Flask, engine: Engine, caplog: pytest.LogCaptureFixture
) -> None:
    watch = Watch(app)
    with app.app_context():
        for _ in range(3):
            watch.heard(call("timeout"))
        alarms.look(engine)
        assert said(caplog) == []
        five_minutes_pass(engine)
        alarms.look(engine)
        watch.heard(call("failed"))
        alarms.look(engine)
        assert said(caplog) == [
            "ERROR bank has been failing for 5 minutes, last: pay, timeout\n    → pegboard doctor; its own status page"
        ]
        watch.heard(call("ok"))
        watch.heard(call("ok"))
        assert said(caplog) == ["WARNING over: bank answers again"]


def test_a_provider_that_fails_for_less_is_nobodys_business(
    app: Flask, engine: Engine, caplog: pytest.LogCaptureFixture
) -> None:
    watch = Watch(app)
    with app.app_context():
        watch.heard(call("unreachable"))
        watch.heard(call("not_found"))
        with engine.connect() as connection:
            assert connection.execute(select(Alarm)).all() == []
    assert said(caplog) == []


def test_one_provider_is_not_the_other(app: Flask, engine: Engine, caplog: pytest.LogCaptureFixture) -> None:
    watch = Watch(app)
    with app.app_context():
        watch.heard(call("failed"))
        watch.heard(call("ok", "post"))
        five_minutes_pass(engine)
        alarms.look(engine)
        assert [one.partition(" has")[0] for one in said(caplog)] == ["ERROR bank"]


def test_another_process_that_gets_an_answer_ends_what_one_that_died_had_noted(
    app: Flask, engine: Engine, caplog: pytest.LogCaptureFixture
) -> None:
    with app.app_context():
        Watch(app).heard(call("failed"))
        five_minutes_pass(engine)
        alarms.look(engine)
        Watch(app).heard(call("ok"))
        assert [one.partition(" ")[0] for one in said(caplog)] == ["ERROR", "WARNING"]


@pytest.mark.parametrize("outcome", ["refused", "rate_limited", "ok", "not_found"])
def test_a_provider_that_answers_is_well_whatever_it_says(app: Flask, engine: Engine, outcome: Outcome) -> None:
    with app.app_context():
        Watch(app).heard(call(outcome))
    with engine.connect() as connection:
        assert connection.execute(select(Alarm)).all() == []


def test_the_calls_of_a_board_are_watched(app: Flask, engine: Engine) -> None:
    with app.app_context():
        told("bank", "pay", "failed", 1.0)
    with engine.connect() as connection:
        assert connection.scalars(select(Alarm.name)).all() == ["provider bank"]


def test_a_call_while_something_is_not_yet_saved_waits_for_no_lock_and_is_noted_by_the_next(
    app: Flask, engine: Engine
) -> None:
    with app.app_context():
        db.session.execute(text("DELETE FROM work_replays"))
        calls_of(app).tell(call("failed"))
        db.session.rollback()
        assert db.session.scalars(select(Alarm)).all() == []
        db.session.rollback()
        calls_of(app).tell(call("failed"))
        assert db.session.scalars(select(Alarm.name)).all() == ["provider bank"]


def test_a_database_that_is_away_does_not_fail_the_call(app: Flask, caplog: pytest.LogCaptureFixture) -> None:
    with app.app_context():
        db.session.execute(text("DROP TABLE work_alarms"))
        db.session.commit()
        calls_of(app).tell(call("failed"))
    assert "how bank is doing could not be noted" in said(caplog)[0]


def test_open_alarms_are_those_that_were_told_and_are_not_over(app: Flask, engine: Engine) -> None:
    alarms.begin(engine, "provider bank", "bank fails")
    kill(engine, put(engine))
    alarms.look(engine)
    with engine.connect() as connection:
        assert [one.name for one in alarms.open_alarms(connection)] == [alarms.DEAD_WORK]
