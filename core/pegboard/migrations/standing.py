"""How far the tables of each plugin are, for people who ask: nothing is migrated, and one broken history hides no other."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import Connection, func, inspect, select, text

from ..board import Plan
from ..db.environment import stamped
from ..work.alarms import DEAD_WORK, open_alarms
from ..work.models import DEAD, Alarm, Work
from . import History, _connection, _current, _script, histories


@dataclass(frozen=True, slots=True)
class Standing:
    """The revisions of one plugin: those its tables are at, and the newest that its folder holds.

    `unknown` are revisions of the tables that the folder lacks: a newer version of the plugin has been here.
    `missing`: it has models and not one migration. `problem` says why nothing of it can be told.
    """

    name: str
    current: frozenset[str] = frozenset()
    heads: frozenset[str] = frozenset()
    unknown: frozenset[str] = frozenset()
    missing: bool = False
    problem: str = ""

    @property
    def behind(self) -> bool:
        return bool(self.problem) or self.current != self.heads


def identity(plan: Plan, url: str) -> tuple[str | None, datetime | None]:
    """The environment in the stamp of a database, and its time where it has a clock of its own."""
    with _connection(plan, url) as connection:
        own_clock = connection.dialect.name != "sqlite"
        now = connection.execute(text("SELECT CURRENT_TIMESTAMP")).scalar() if own_clock else None
        return stamped(connection), now


def standings(plan: Plan, url: str) -> list[Standing]:
    """The standing of each enabled plugin that has migrations, in boot order. PegboardError where no database answers."""
    with _connection(plan, url) as connection:
        return [_standing(connection, history) for history in histories(plan)]


def alarms(plan: Plan, url: str) -> dict[str, str]:
    """What has failed for good, and which providers have been failing: by name, each with what to do about it."""
    with _connection(plan, url) as connection:
        if not inspect(connection).has_table(Alarm.__tablename__):
            return {}
        found = {one.name: one.words for one in open_alarms(connection) if one.name != DEAD_WORK}
        dead = connection.scalar(select(func.count()).select_from(Work).where(Work.status == DEAD)) or 0
    verb = "item of work has" if dead == 1 else "items of work have"
    return found | ({DEAD_WORK: f"{dead} {verb} failed for good\n    → pegboard work dead"} if dead else {})


def _standing(connection: Connection, history: History) -> Standing:
    current = frozenset(_current(connection, history))
    try:
        script = _script(history)
        known = {revision.revision for revision in script.walk_revisions()}
        heads = frozenset(script.get_heads())
    except Exception as error:  # noqa: BLE001 - an author's file may raise anything
        return Standing(history.name, problem=" ".join(f"{type(error).__name__}: {error}".split()))
    return Standing(history.name, current, heads, current - known, missing=bool(history.tables) and not known)
