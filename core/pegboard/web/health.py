"""`/healthz`: the process answers. `/readyz`: the database answers, its migrations are done, and plugins' checks pass."""

from __future__ import annotations

import logging
from typing import Any

from flask import Flask, jsonify

from pegboard.live import current_board

log = logging.getLogger("pegboard.health")


def init_health(app: Flask) -> None:
    """Add the two routes. Their answers hold names and states, never an error's details: those are logged."""
    app.add_url_rule("/healthz", endpoint="healthz", view_func=_alive)
    app.add_url_rule("/readyz", endpoint="readyz", view_func=_ready)


def _alive() -> Any:
    return jsonify({"status": "ok"})


def _ready() -> Any:
    board = current_board()
    states = {"database": _state("database", _database)} if any(e.tables for e in board.plan.active) else {}
    if states.get("database") == "ok":
        states["migrations"] = _state("migrations", _migrations)
    for owned in board.health_checks:
        if owned.item.ready:
            states[f"{owned.plugin}.{owned.item.name}"] = _state(owned.item.name, owned.item.check)
    failed = {entry.name: "failed" for entry in board.plan.entries if entry.state == "failed"} | dict.fromkeys(
        board.broken, "failed"
    )
    ready = all(state == "ok" for state in states.values())
    body = {"status": "ok" if ready else "not ready", "checks": states, "plugins": failed}
    return jsonify(body), 200 if ready else 503


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
