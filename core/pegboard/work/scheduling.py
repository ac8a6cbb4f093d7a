"""What is done every so often: one item for each tick, whichever machine is the first to notice that it has come."""

from __future__ import annotations

from collections.abc import Iterator

from sqlalchemy import Engine, select

from pegboard.contributions import Job
from pegboard.live import Board, Owned

from .claiming import Item
from .clock import now_ms
from .insertion import NewItem, insert
from .lanes import anything_in
from .models import JOB, Work
from .tasks import Absent, Task

PREFIX = "job:"
"""What the `dedupe_key` of a tick begins with."""


def jobs_of(board: Board) -> Iterator[tuple[str, Job]]:
    """Each job with its name, `<plugin>.<job>`."""
    for one in board.jobs:
        if one.plugin not in board.off:
            yield _name(one), one.item


def schedule(engine: Engine, board: Board, known: dict[str, int]) -> None:
    """Write down the ticks that have come. `known` are those that this worker has seen, which it asks for no more.

    Ticks that nobody was there for are made up for by one. While a job is still at work on a tick, there is no other.
    """
    jobs = dict(jobs_of(board))
    if not jobs:
        return
    with engine.connect() as connection:
        now: int = connection.scalar(select(now_ms())) or 0
    for name, job in jobs.items():
        tick = tick_of(job, now)
        if known.get(name) == tick:
            continue
        lane, key = f"{PREFIX}{name}", f"{PREFIX}{name}:{tick}"
        with engine.begin() as connection:
            if connection.scalar(select(Work.id).where(Work.dedupe_key == key)) is None:
                if any(connection.scalar(select(one)) for one in anything_in(lane)):
                    continue
                insert(connection, NewItem(kind=JOB, queue="jobs", handler=name, lane=lane, dedupe_key=key))
        known[name] = tick


def tick_of(job: Job, now: int) -> int:
    """The number of the last tick before this time."""
    every, offset = (int(one.total_seconds() * 1000) for one in (job.every, job.offset))
    return (now - offset) // every


def scheduled_task(board: Board, item: Item) -> Task:
    """What the job does."""
    for name, job in jobs_of(board):
        if name == item.handler:
            return job.run
    raise Absent(f"no enabled plugin has the job {item.handler}")


def _name(one: Owned) -> str:
    return f"{one.plugin}.{one.item.name}"
