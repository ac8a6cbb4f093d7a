"""A request may hold a lane: nothing in it is worked on meanwhile, and two requests wait for each other."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from flask import Flask
from sqlalchemy import Engine, text

from pegboard.db import db
from pegboard.errors import PegboardError
from pegboard.work import LaneBusy, LeaseLost, hold
from pegboard.work.sweeping import sweep
from tests.core.work.items import firsts, put, statuses, take


@pytest.fixture
def context(app: Flask) -> Iterator[Flask]:
    with app.app_context():
        yield app


def test_while_a_lane_is_held_nothing_in_it_is_worked_on(context: Flask, engine: Engine) -> None:
    put(engine, "a")
    other = put(engine, "b")
    with hold("a"):
        assert [item.id for item in take(engine, 10)] == [other]
        put(engine, "a")
    assert len(take(engine, 10)) == 1
    assert firsts(engine)["a"] == 1


def test_what_came_meanwhile_is_next(context: Flask, engine: Engine) -> None:
    with hold("a"):
        put(engine, "a")
        assert statuses(engine) == ["leased", "waiting"]
    assert statuses(engine) == ["pending"]


def test_two_cannot_hold_it_nor_one_while_somebody_works(context: Flask, engine: Engine) -> None:
    with hold("a"):
        with pytest.raises(LaneBusy, match="somebody works in the lane a"), hold("a", wait=0.1):
            pass
        with hold("b", wait=0):
            pass
    put(engine, "a")
    take(engine)
    with pytest.raises(LaneBusy), hold("a", wait=0):
        pass


def test_it_is_let_go_of_when_the_block_raises(context: Flask, engine: Engine) -> None:
    with pytest.raises(KeyError), hold("a"):
        raise KeyError
    assert statuses(engine) == []


def test_a_hold_that_took_too_long_says_so_and_the_lane_goes_on(context: Flask, engine: Engine) -> None:
    def late() -> None:
        with hold("a", lease=-1):
            put(engine, "a")
            sweep(engine)
            assert len(take(engine)) == 1

    with pytest.raises(LeaseLost):
        late()


def test_a_caller_who_has_written_is_refused(context: Flask, engine: Engine) -> None:
    with engine.begin() as connection:
        connection.execute(text("CREATE TABLE notes (word VARCHAR(10))"))
    db.session.execute(text("INSERT INTO notes VALUES ('x')"))
    with pytest.raises(PegboardError, match="commit or roll back first"), hold("a"):
        pass
    db.session.rollback()
