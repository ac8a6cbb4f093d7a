"""A function is called later with what it was given, if it is one of an enabled plugin, and it belongs to the transaction."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID, uuid4

import pytest
from flask import Flask
from sqlalchemy import select, update

from pegboard import Plugin, enqueue
from pegboard.db import db
from pegboard.money import Money
from pegboard.testing.boards import MakeBoard
from pegboard.testing.work import do_work
from pegboard.work.models import Work

CALLS: list[Any] = []


class Office(Plugin[Any]):
    """Has functions to call later: those of this module."""

    name = "office"


def pay(who: UUID, amount: Money, then: datetime, note: str | None = None) -> None:
    CALLS.append((who, amount, then, note))


def count(number: int) -> None:
    CALLS.append(number)


def in_two_steps(number: int) -> Iterator[None]:
    CALLS.append(f"call {number}")
    yield
    CALLS.append(f"write {number}")


def untyped(number) -> None:  # type: ignore[no-untyped-def]
    raise NotImplementedError


@pytest.fixture
def app(url: str, make_board: MakeBoard) -> Iterator[Flask]:
    """A board with the office, and its context."""
    CALLS.clear()
    app = make_board(Office, database_url=url)
    with app.app_context():
        yield app


def statuses() -> list[str]:
    return list(db.session.scalars(select(Work.status).order_by(Work.id)))


def test_it_is_called_once_with_values_of_the_types_it_says(app: Flask) -> None:
    who, then = uuid4(), datetime.now(UTC)
    enqueue(pay, who, Money(5, "EUR"), then=then)
    assert do_work(app) == 0
    db.session.commit()
    assert do_work(app) == 1
    assert [(who, Money(5, "EUR"), then, None)] == CALLS


def test_it_is_rolled_back_with_the_rest(app: Flask) -> None:
    enqueue(count, 1)
    db.session.rollback()
    assert do_work(app) == 0


def test_it_may_have_two_steps(app: Flask) -> None:
    enqueue(in_two_steps, 1)
    db.session.commit()
    do_work(app)
    assert CALLS == ["call 1", "write 1"]


def test_a_lane_is_in_order_and_a_word_is_for_once(app: Flask) -> None:
    for number in range(5):
        enqueue.into("bulk", lane="import")(count, number)
    assert enqueue.into(once="july")(count, 7) is not None
    assert enqueue.into(once="july")(count, 8) is None
    db.session.commit()
    do_work(app)
    assert [number for number in CALLS if number < 5] == list(range(5))
    assert [number for number in CALLS if number >= 5] == [7]


def test_a_delay_is_waited_for(app: Flask) -> None:
    enqueue.into(delay=timedelta(hours=1))(count, 1)
    db.session.commit()
    assert do_work(app) == 0
    assert do_work(app, whenever=True) == 1


def test_only_a_function_of_a_module_of_an_enabled_plugin_can_be_called_later(app: Flask) -> None:
    def inner() -> None: ...

    for function, said in (
        (inner, "only a function of a module"),
        (Office.__init__, "only a function of a module"),
        (datetime.now, "only a function of a module"),
        (do_work, "belongs to no enabled plugin"),
    ):
        with pytest.raises((ValueError, AttributeError), match=said if function is not datetime.now else ""):
            enqueue(function)  # type: ignore[arg-type]


def test_a_call_that_would_fail_later_fails_now(app: Flask) -> None:
    with pytest.raises(TypeError, match="say of what type number is"):
        enqueue(untyped, 1)
    with pytest.raises(TypeError, match="missing a required argument"):
        enqueue(count)  # type: ignore[call-arg]
    with pytest.raises(TypeError, match="str in place of int"):
        enqueue(count, "1")  # type: ignore[arg-type]
    with pytest.raises(ValueError, match="there is no queue 'fast'"):
        enqueue.into("fast")


def test_a_function_that_is_gone_or_changed_says_so(app: Flask) -> None:
    enqueue(count, 1)
    enqueue(count, 2)
    db.session.commit()
    first, second = db.session.scalars(select(Work.id).order_by(Work.id))
    db.session.execute(update(Work).where(Work.id == first).values(handler=f"{__name__}:gone"))
    db.session.execute(update(Work).where(Work.id == second).values(data='{"amount": 2}'))
    db.session.commit()
    do_work(app)
    assert statuses() == ["parked", "dead"]
    assert "does not take what was enqueued" in str(db.session.get_one(Work, second).error)


@pytest.mark.parametrize("handler", ["os:system", "subprocess:run", "pegboard.app:create_app", "nosuch.module:f"])
def test_a_row_cannot_make_the_board_call_what_is_not_a_plugins(app: Flask, handler: str) -> None:
    enqueue(count, 1)
    db.session.execute(update(Work).values(handler=handler, data='{"command": "true"}'))
    db.session.commit()
    do_work(app)
    assert statuses() == ["parked"]
    assert do_work(app) == 0


def test_a_board_without_a_database_says_so(make_board: MakeBoard) -> None:
    with make_board(Office).app_context(), pytest.raises(RuntimeError, match="set DATABASE_URL"):
        enqueue(count, 1)
    with pytest.raises(RuntimeError, match=r"with app\.app_context"):
        enqueue(count, 1)
