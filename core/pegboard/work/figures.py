"""The figures of work for `/metrics`: what the database knows is asked for when they are read, and is for all processes."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

from sqlalchemy import func, select
from sqlalchemy.exc import SQLAlchemyError

from pegboard.db import db

from .alarms import open_alarms
from .clock import now_ms
from .extension import ATTEMPTS
from .models import DEAD, HOLD, LEASED, PARKED, PENDING, QUEUES, WAITING, WEBHOOK, Work

if TYPE_CHECKING:
    from flask import Flask
    from prometheus_client.core import Metric

    from pegboard.observability.metrics import Metrics

_UNFINISHED = (PENDING, WAITING, LEASED)
_SHOWN = (*_UNFINISHED, DEAD, PARKED)


def figures() -> Iterator[Metric]:
    """Items by queue and status, how long the oldest has been due, how far webhooks are behind, and open alarms.

    A database that is away has no figures; that it is away is what `/readyz` says.
    """
    from prometheus_client.core import GaugeMetricFamily

    items = GaugeMetricFamily("pegboard_work_items", "Items of work that are not finished.", labels=["queue", "status"])
    due = GaugeMetricFamily("pegboard_work_due_seconds", "How long the oldest item has been due.", labels=["queue"])
    lag = GaugeMetricFamily("pegboard_webhook_lag_seconds", "How old the oldest webhook is that is not finished.")
    alarms = GaugeMetricFamily("pegboard_alarms", "What an administrator was told of and is not over.", labels=["name"])
    try:
        with db.engine.connect() as connection:
            numbers = {(row[0], row[1]): row[2] for row in connection.execute(_ITEMS)}
            ages = {row[0]: row[1] for row in connection.execute(_DUE)}
            oldest = connection.scalar(_LAG)
            opened = open_alarms(connection)
    except SQLAlchemyError:
        return
    for queue in QUEUES:
        for status in _SHOWN:
            items.add_metric([queue, status], numbers.get((queue, status), 0))
        due.add_metric([queue], max(0, ages.get(queue, 0)) / 1000)
    lag.add_metric([], max(0, oldest or 0) / 1000)
    for alarm in opened:
        alarms.add_metric([alarm.name], 1)
    yield from (items, due, lag, alarms)


def count_attempts(app: Flask, metrics: Metrics) -> None:
    """Count what became of each item that this process has tried."""
    counted = metrics.counter("pegboard_work_attempts", "Items of work that were tried.", ["handler", "outcome"])
    app.extensions.setdefault(ATTEMPTS, []).append(lambda item, became: counted.labels(item.handler, became).inc())


_ITEMS = (
    select(Work.queue, Work.status, func.count())
    .where(Work.status.in_(_SHOWN), Work.kind != HOLD)
    .group_by(Work.queue, Work.status)
)
_DUE = select(Work.queue, now_ms() - func.min(Work.run_at)).where(Work.status == PENDING).group_by(Work.queue)
_LAG = select(now_ms() - func.min(Work.created_at)).where(Work.status.in_(_UNFINISHED), Work.kind == WEBHOOK)
