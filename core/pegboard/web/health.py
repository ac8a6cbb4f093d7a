"""`/healthz`: the process answers. `/readyz`: the database answers, its migrations are done, and plugins' checks pass."""

from __future__ import annotations

import logging
from threading import Lock
from time import monotonic
from typing import Any

from flask import Flask, jsonify

from pegboard.live import current_board

log = logging.getLogger("pegboard.health")
_LASTS = 1.0  # seconds


def init_health(app: Flask) -> None:
    """Add the two routes. Their answers hold names and states, never an error's details: those are logged."""
    readiness = Readiness()
    app.add_url_rule("/healthz", endpoint="healthz", view_func=_alive)
    app.add_url_rule("/readyz", endpoint="readyz", view_func=readiness.answer)


def _alive() -> Any:
    return jsonify({"status": "ok"})


class Readiness:
    """The last answer, for a second: whoever asks more often costs the database nothing more."""

    def __init__(self) -> None:
        self._lock = Lock()
        self._until, self._body = 0.0, dict[str, Any]()

    def answer(self) -> Any:
        """200 when all is well, else 503."""
        with self._lock:
            if monotonic() >= self._until:
                self._body = _asked()
                self._until = monotonic() + _LASTS
            body = self._body
        return jsonify(body), 200 if body["status"] == "ok" else 503


def _asked() -> dict[str, Any]:
    board = current_board()
    states = {"database": _state("database", _database)} if board.plan.uses_database else {}
    if states.get("database") == "ok":
        states["migrations"] = _state("migrations", _migrations)
    for owned in board.health_checks:
        if owned.item.ready:
            states[f"{owned.plugin}.{owned.item.name}"] = _state(owned.item.name, owned.item.check)
    failed = dict.fromkeys(board.off, "failed")
    ready = all(state == "ok" for state in states.values())
    return {"status": "ok" if ready else "not ready", "checks": states, "plugins": failed}


def _state(name: str, check: Any) -> str:
    try:
        check()
    except Exception:  # whatever it is, the answer is that it failed
        log.exception("health check %s failed", name)
        return "failed"
    return "ok"


def _database() -> None:
    from sqlalchemy import text

    from pegboard.db import db

    db.session.execute(text("SELECT 1"))


def _migrations() -> None:
    from pegboard.migrations import pending

    plan = current_board().plan
    behind = pending(plan, plan.database_url)
    if behind:
        raise RuntimeError(f"migrations are pending for {', '.join(behind)}: pegboard db upgrade")
