"""Work of every kind for the tests of the console, and what has become of it."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from flask import Flask
from sqlalchemy import insert as sql_insert
from sqlalchemy import select, update

from pegboard import Plugin, enqueue
from pegboard.db import db
from pegboard.errors import ProviderError
from pegboard.settings import PluginSettings
from pegboard.testing.work import do_work
from pegboard.work import NewItem, insert, progress
from pegboard.work.models import Work, WorkReplay

FAILING = {"now": True}


class Office(Plugin[PluginSettings]):
    """Has functions that fail, and one that takes long."""

    name = "office"


def pay(who: str) -> None:
    if FAILING["now"]:
        raise ProviderError(f"no money for {who}", provider="bank", permanent=True)


def send(who: str) -> None:
    pay(who)


def read(count: int) -> Iterator[None]:
    progress(count, count * 2, "rows read")
    yield


PAY, SEND = f"{__name__}:pay", f"{__name__}:send"


def failed(app: Flask, *people: str, function: Any = pay, lane: str | None = None) -> list[int]:
    """Items that are dead, one for each; their ids."""
    with app.app_context():
        for who in people:
            enqueue.into(lane=lane)(function, who)
        db.session.commit()
    do_work(app)
    with app.app_context():
        newest = select(Work.id).order_by(Work.id.desc()).limit(len(people))
        return sorted(db.session.scalars(newest))


def put(app: Flask, **values: Any) -> int:
    """An item just as it is said; its id."""
    new = {"kind": "job", "queue": "jobs", "handler": PAY}
    written = {name: values.pop(name) for name in list(values) if name in NewItem.__slots__}
    with app.app_context():
        made = insert(db.session(), NewItem(**{**new, **written}))
        if values:
            db.session.execute(update(Work).where(Work.id == made).values(**values))
        db.session.commit()
    assert made is not None
    return made


def put_dead(app: Flask, number: int) -> None:
    """So many dead items, in one statement."""
    row = {
        "kind": "job",
        "queue": "jobs",
        "handler": PAY,
        "status": "dead",
        "run_at": 0,
        "created_at": 0,
        "finished_at": 1,
    }
    with app.app_context(), db.engine.begin() as connection:
        connection.execute(sql_insert(Work), [row] * number)


def status_of(app: Flask, item: int) -> str:
    with app.app_context():
        return db.session.get_one(Work, item).status


def trail(app: Flask) -> list[tuple[int, str, str]]:
    """Every replay: which item, who asked, and what had become of it."""
    with app.app_context():
        found = db.session.scalars(select(WorkReplay).order_by(WorkReplay.id))
        return [(one.work_id, one.replayed_by, one.status) for one in found]
