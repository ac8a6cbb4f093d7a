"""Calls share the time that whoever asked will wait."""

from __future__ import annotations

from contextvars import copy_context

import pytest

from pegboard import deadline
from pegboard.deadline import answer_within, not_counted, seconds_left


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> list[float]:
    """The time in seconds, as its only item."""
    now = [100.0]
    monkeypatch.setattr(deadline, "monotonic", lambda: now[0])
    return now


def test_where_nobody_waits_a_call_has_its_own_time() -> None:
    assert seconds_left(4) == 4


def test_two_calls_share_what_there_is(clock: list[float]) -> None:
    with answer_within(5):
        assert seconds_left(4) == 4
        clock[0] += 3
        assert seconds_left(4) == 2
        clock[0] += 3
        assert seconds_left(4) == 0
    assert seconds_left(4) == 4


def test_an_inner_block_never_lengthens_an_outer_one(clock: list[float]) -> None:
    with answer_within(5):
        with answer_within(60):
            assert seconds_left(30) == 5
        with answer_within(1):
            assert seconds_left(30) == 1
        assert seconds_left(30) == 5


def test_what_is_not_counted_has_its_own_time_and_takes_nothing_from_the_rest(clock: list[float]) -> None:
    with answer_within(60):
        with answer_within(5):
            clock[0] += 3
            with not_counted():
                assert seconds_left(30) == 30
                clock[0] += 40
            assert seconds_left(30) == 2
        assert seconds_left(30) == 17
    with not_counted():
        clock[0] += 40
    assert seconds_left(4) == 4


def test_another_request_is_not_held_to_it(clock: list[float]) -> None:
    elsewhere = copy_context()
    with answer_within(1):
        assert elsewhere.run(seconds_left, 4) == 4
