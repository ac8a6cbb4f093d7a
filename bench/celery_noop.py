"""A Celery application whose task does nothing, acknowledged when it is done, as work is here."""

from __future__ import annotations

import os
from typing import Any

from celery import Celery

app = Celery("noop", broker=os.environ["BENCH_BROKER"])
app.conf.update(
    task_acks_late=True,
    task_ignore_result=True,
    task_reject_on_worker_lost=True,
    worker_send_task_events=False,
    broker_connection_retry_on_startup=True,
)


def _nothing() -> None:
    """The task."""


nothing: Any = app.task(name="nothing")(_nothing)
