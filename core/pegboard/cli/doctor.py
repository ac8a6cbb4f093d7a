"""`pegboard doctor`: every check in words, with what to do."""

from __future__ import annotations

import click

from ..board import Plan
from ..errors import PegboardError
from .plan import current_plan, json_option, print_json


@click.command()
@json_option
def doctor(as_json: bool) -> None:
    """Check the configuration, the database, the migrations and the plugins. Exit code 1 if anything is wrong."""
    plan = current_plan()
    found = [{"check": f"{p.plugin}.{p.key}".rstrip("."), "state": "failed", "message": str(p)} for p in plan.problems]
    if not found:
        found = _running(plan)
    if as_json:
        print_json(found)
    else:
        for row in found:
            click.secho(
                f"{row['state']:<7} {row['check']}  {row['message']}", fg=None if row["state"] == "ok" else "red"
            )
    raise SystemExit(any(row["state"] != "ok" for row in found))


def _running(plan: Plan) -> list[dict[str, str]]:
    from ..app import apply
    from ..live import board_of

    app = apply(plan)
    found = [_asked("configuration", lambda: None)]
    found += [
        {"check": entry.name, "state": "failed", "message": "; ".join(str(problem) for problem in entry.problems)}
        for entry in plan.entries
        if entry.state == "failed"
    ]
    if any(entry.tables for entry in plan.active):
        found.append(_asked("migrations", lambda: _migrations(plan)))
    with app.app_context():
        found += [_asked(f"{one.plugin}.{one.item.name}", one.item.check) for one in board_of(app).health_checks]
    return found


def _migrations(plan: Plan) -> None:
    from ..migrations import pending

    if behind := pending(plan, plan.database_url):
        raise PegboardError(f"migrations are pending for {', '.join(behind)} → pegboard db upgrade")


def _asked(name: str, check: object) -> dict[str, str]:
    try:
        if callable(check):
            check()
    except Exception as error:  # noqa: BLE001 - whatever it is, it is the answer
        return {"check": name, "state": "failed", "message": str(error)}
    return {"check": name, "state": "ok", "message": ""}
