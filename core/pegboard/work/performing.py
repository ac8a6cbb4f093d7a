"""One item, from its lease to its end: what it asks for is done in one transaction with the mark that it is done.

A handler that only writes is a function, and runs inside the transaction. One that makes calls is a generator: what is
before its `yield` runs without a transaction, what follows inside one.
"""

from __future__ import annotations

import inspect
import logging
import random
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from time import sleep
from typing import Any

from flask import Flask
from sqlalchemy import Connection, event
from sqlalchemy.orm import Session

from pegboard.db import db, has_written
from pegboard.errors import RateLimited
from pegboard.events.event import NewerEvent
from pegboard.live import board_of
from pegboard.observability.ids import bound

from . import finishing, gates
from .backoff import MOST_TRIES, backoff
from .claiming import Item
from .current import current
from .extension import ATTEMPTS
from .failures import asked_to_wait, described, is_contention, is_permanent
from .finishing import LeaseLost
from .tasks import Absent, Task, task_of

log = logging.getLogger("pegboard.work")
RERUNS = 5
NEWER_CODE_COMES_WITHIN = 30_000
_GUARD = "pegboard.work.guard"


def perform(app: Flask, item: Item) -> str | None:
    """Do what the item asks for, in an application context of its own, and write down what became of it.

    Returns the lane in which something else has come first by it. Raises nothing but what ends the process, and errors of
    a database that cannot be reached: the lease runs out then.
    """
    ids = {"work_id": str(item.id), "event_id": item.event_id, "request_id": item.request_id}
    with app.app_context(), bound(**{name: value for name, value in ids.items() if value}):
        token = current.set(item)
        try:
            became, promoted = _performed(app, item)
        except LeaseLost:
            log.warning("%s: the lease was lost, nothing of it is kept", _name(item))
            became, promoted = "lost", False
        finally:
            current.reset(token)
            db.session.rollback()
    for hear in app.extensions.get(ATTEMPTS, ()):
        hear(item, became)
    return item.lane if promoted else None


def _performed(app: Flask, item: Item) -> tuple[str, bool]:
    """A word for what became of it, and whether something else comes first in its lane by it."""
    try:
        task = task_of(board_of(app), item)
    except Absent as absent:
        reason = str(absent)
        return "parked", _written(lambda within: finishing.park(within, item, reason))
    except NewerEvent:
        return "given back", _written(lambda within: finishing.give_back(within, item, delay=NEWER_CODE_COMES_WITHIN))
    except Exception as error:  # noqa: BLE001 - an event that cannot be read, or an author's module that raises
        return _failed(item, error)
    for _ in range(RERUNS):
        try:
            return "done", _done(app, item, task)
        except LeaseLost:
            raise
        except Exception as error:  # noqa: BLE001 - whatever an author's code raises, the item says so
            db.session.rollback()
            if not is_contention(error):
                return _failed(item, error)
        sleep(random.uniform(0.01, 0.1))  # noqa: S311 - it decides nothing but time
    return "given back", _written(lambda within: finishing.give_back(within, item, delay=1_000))


def _done(app: Flask, item: Item, task: Task) -> bool:
    """Effect, what it records, and the mark, in one commit."""
    session = db.session()
    with _guarded(session, app.debug or app.testing):
        steps = task()
    if inspect.isgenerator(steps):
        _prepare(session, steps)
        with _guarded(session, app.debug or app.testing):
            _apply(steps)
    elif steps is not None:
        raise TypeError(f"{item.handler} returned {type(steps).__name__}: a handler returns nothing, or yields once")
    promoted = finishing.done(session, item)
    session.commit()
    log.debug("%s: done", _name(item))
    return promoted


def _prepare(session: Session, steps: Iterator[Any]) -> None:
    try:
        next(steps)
    except StopIteration:
        raise TypeError("a handler that is a generator yields once, between its calls and what it writes") from None
    if has_written(session):
        raise RuntimeError("a handler wrote before its `yield`: make calls there, and write after it")
    session.rollback()


def _apply(steps: Iterator[Any]) -> None:
    try:
        next(steps)
    except StopIteration:
        return
    raise TypeError("a handler yields once, not twice")


@contextmanager
def _guarded(session: Session, strict: bool) -> Iterator[None]:
    """A commit in this block is an error: what it keeps would be done again if the rest fails."""
    session.info[_GUARD] = strict
    try:
        yield
    finally:
        session.info.pop(_GUARD, None)


@event.listens_for(Session, "before_commit")
def _no_commit(session: Session) -> None:
    if _GUARD not in session.info or session.in_nested_transaction():
        return
    message = "a handler commits: the worker does, together with the mark that the item is done"
    if session.info[_GUARD]:
        raise RuntimeError(f"{message}. What commits by itself, as `files.save` does, belongs before its `yield`")
    log.error("%s: %s", _name(current.get()), message)


def _failed(item: Item, error: Exception) -> tuple[str, bool]:
    """Dead, or another try later. What the provider asked for counts for no try."""
    words, wait = described(error), asked_to_wait(error)
    if isinstance(error, RateLimited):
        wait = wait or max(1_000, backoff(item.tries))
        log.warning("%s: %s; it waits for %.0f s", _name(item), words, wait / 1000)
        return "rate limited", _written(lambda within: _turned_away(within, item, error.provider, wait))
    if is_permanent(error) or item.tries >= MOST_TRIES:
        log.error("%s: dead after %d tries: %s", _name(item), item.tries, words, exc_info=error)
        return "dead", _written(lambda within: finishing.dead(within, item, words))
    delay = max(backoff(item.tries), wait)
    log.warning("%s: try %d failed, the next is in %.0f s: %s", _name(item), item.tries, delay / 1000, words)
    return "failed", _written(lambda within: finishing.retry(within, item, delay=delay, error=words))


def _turned_away(within: Connection, item: Item, provider: str, wait: int) -> bool:
    gates.close(within, item.handler, provider, wait)
    return finishing.give_back(within, item, delay=wait)


def _written(write: Callable[[Connection], bool]) -> bool:
    """What became of it, in a transaction of its own: that of the handler was rolled back."""
    db.session.rollback()
    for _ in range(RERUNS):
        try:
            with db.engine.begin() as connection:
                return write(connection)
        except Exception as error:
            if not is_contention(error):
                raise
    log.error("what became of an item could not be written down: its lease runs out")
    return False


def _name(item: Item | None) -> str:
    if item is None:
        return "work"
    return f"work {item.id} {item.handler}"
