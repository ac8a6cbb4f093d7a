"""How far a long job has come, for `pegboard work show` and the console: outside the transaction of the job."""

from __future__ import annotations

import json
from time import monotonic

from flask import g

from pegboard.db import db, has_written

from . import finishing
from .current import current

_EVERY = 1.0


def progress(done: int, total: int | None = None, note: str = "") -> None:
    """Say how far the work in hand has come. Written at most once a second, and at the end; outside of work, nothing.

    LeaseLost where somebody else has taken the work over: going on would be in vain.
    """
    item = current.get()
    if item is None or (monotonic() - g.get("pegboard_progress_at", 0.0) < _EVERY and done != total):
        return
    if db.engine.dialect.name == "sqlite" and has_written(db.session()):
        return  # this very transaction keeps everyone from writing
    g.pegboard_progress_at = monotonic()
    with db.engine.begin() as connection:
        finishing.say(connection, item, json.dumps({"done": done, "total": total, "note": note}, ensure_ascii=False))
