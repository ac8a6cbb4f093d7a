"""Checks of the database: whether it answers, whose it is, what time it has, and whether the tables are those of the code."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime

from ...board import Plan
from .findings import Asking, Finding, words

_SECONDS_APART = 30


def database(plan: Plan, seconds: float) -> Iterator[Finding]:
    """Each question has `seconds`. No file is made, and nothing is written."""
    if plan.board.value is None:
        yield Finding("database.connection", "skipped", "the board's settings are not valid")
        return
    if not plan.uses_database:
        yield Finding("database.connection", "ok", "no enabled plugin has tables, so none is needed")
        return
    from ...migrations.standing import identity

    url = plan.database_url
    try:
        stamp, now = Asking(lambda: identity(plan, url)).answer(seconds)
    except Exception as error:  # noqa: BLE001 - whatever a driver raises, it is the answer
        message, remedy = words(error)
        yield Finding("database.connection", "failed", message, remedy or "start the database, or correct DATABASE_URL")
        return
    yield Finding("database.connection", "ok", f"{_shown(url)} answers")
    yield _environment(plan, stamp)
    if now is not None:
        yield _clock(now)
    yield from _migrations(plan, url, seconds)
    yield from _alarms(plan, url, seconds)


def _alarms(plan: Plan, url: str, seconds: float) -> Iterator[Finding]:
    from ...migrations.standing import alarms

    found = Asking(lambda: alarms(plan, url)).answer(seconds)
    for name, message in found.items():
        said, _, remedy = message.partition("\n    → ")
        yield Finding(f"work.{name}", "failed", said, remedy or "pegboard work list")
    if not found:
        yield Finding("work", "ok", "nothing has failed for good, and no provider fails")


def _environment(plan: Plan, stamp: str | None) -> Finding:
    check, env = "database.environment", plan.settings.env
    if stamp == env:
        return Finding(check, "ok", f"it belongs to {env}")
    if stamp is None:
        return Finding(check, "ok", "it belongs to no environment yet: pegboard db upgrade writes down which")
    remedy = f"give {env} a database of its own in [env.{env}.pegboard], or set PEGBOARD_ENV to {stamp}"
    return Finding(check, "failed", f"it belongs to {stamp}, and this board is {env}", remedy)


def _clock(theirs: datetime) -> Finding:
    aware = theirs if theirs.tzinfo else theirs.replace(tzinfo=UTC)
    apart = abs((datetime.now(UTC) - aware).total_seconds())
    if apart < _SECONDS_APART:
        return Finding("database.clock", "ok", "it has the time of this machine")
    remedy = "let both machines take the time from a time server"
    return Finding("database.clock", "warning", f"its clock and this machine's are {apart:.0f} s apart", remedy)


def _migrations(plan: Plan, url: str, seconds: float) -> Iterator[Finding]:
    from ...migrations.standing import standings

    found = Asking(lambda: standings(plan, url)).answer(seconds)
    behind = [one.name for one in found if one.behind and not (one.unknown or one.problem)]
    for one in found:
        if one.problem:
            message = f"its migrations cannot be read: {one.problem}"
            yield Finding(f"database.migrations.{one.name}", "failed", message, "correct the file it names")
        elif one.missing:
            remedy = f"pegboard db migrate --plugin {one.name}, then pegboard db upgrade"
            yield Finding(f"database.migrations.{one.name}", "failed", "it has models and no migration", remedy)
        if one.unknown:
            message = f"its tables are at {', '.join(sorted(one.unknown))}, which this code does not know"
            remedy = "a newer version has been here: deploy it again, or restore the backup made before it"
            yield Finding(f"database.migrations.{one.name}", "failed", message, remedy)
    if behind:
        message = f"migrations are pending for {', '.join(behind)}"
        yield Finding("database.migrations", "failed", message, "pegboard db upgrade")
    elif not any(one.behind or one.missing for one in found):
        yield Finding("database.migrations", "ok", "the tables are up to date")


def _shown(url: str) -> str:
    from sqlalchemy import make_url

    return make_url(url).render_as_string(hide_password=True)
