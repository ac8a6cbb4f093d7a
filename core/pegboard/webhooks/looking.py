"""Which webhooks came and what became of them, for people who look after the board. Asks only, changes nothing."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import ColumnElement, select

from pegboard.db import db
from pegboard.live import current_board
from pegboard.work.models import DEAD, DONE, IGNORED, WEBHOOK, Work

from .storing import dedupe_key

_SHOWN = (Work.id, Work.source, Work.event_type, Work.status, Work.tries, Work.error, Work.lane, Work.dedupe_key,
          Work.created_at, Work.finished_at, Work.purged_at)  # fmt: skip
_ENDED = (DONE, DEAD, IGNORED)


@dataclass(frozen=True, slots=True)
class Chosen:
    """What can be set to work again, and how many cannot: their bodies were purged, or nobody handles their type."""

    ids: list[int]
    purged: int
    unhandled: int


def sender_id(source: str, key: str) -> str:
    """The id that the sender gave a webhook, by its `dedupe_key`. One that is very long is shown by its digest."""
    return key.removeprefix(f"webhook:{source}:")


def found(
    *, source: str | None = None, type_: str | None = None, status: str | None = None, limit: int = 50
) -> list[dict[str, Any]]:
    """Webhooks without what they carry, the newest first."""
    which = _which(source, type_)
    if status is not None:
        which.append(Work.status == status)
    rows = db.session.execute(select(*_SHOWN).where(*which).order_by(Work.id.desc()).limit(limit)).mappings()
    return [_shown(dict(row)) for row in rows]


def numbers_of(id_: str, source: str | None = None) -> Sequence[int]:
    """The items of a webhook, by the id that its sender gave it, or else by its number in the list; one for each source."""
    sources = [source] if source else list(current_board().webhook_sources)
    keys = [dedupe_key(one, id_) for one in sources]
    named = db.session.scalars(select(Work.id).where(Work.dedupe_key.in_(keys)).order_by(Work.id)).all()
    if named or not id_.isdecimal() or len(id_) > 18:
        return named
    return db.session.scalars(select(Work.id).where(Work.id == int(id_), *_which(source, None))).all()


def ended(
    *, source: str | None = None, type_: str | None = None, since: int | None = None, dead: bool = False
) -> Chosen:
    """What has come to an end, the oldest first. `since` is milliseconds of the time at which it came."""
    which = [*_which(source, type_), Work.status == DEAD if dead else Work.status.in_(_ENDED)]
    if since is not None:
        which.append(Work.created_at >= since)
    return _chosen(which)


def among(numbers: Sequence[int]) -> Chosen:
    """Which of these items can be set to work again."""
    return _chosen([Work.id.in_(numbers)])


def _chosen(which: Sequence[ColumnElement[bool]]) -> Chosen:
    columns = (Work.id, Work.source, Work.event_type, Work.status, Work.purged_at)
    rows = db.session.execute(select(*columns).where(*which).order_by(Work.id)).all()
    left = [row for row in rows if row.purged_at is None]
    ids = [row.id for row in left if row.status != IGNORED or _is_handled(row.source, row.event_type)]
    return Chosen(ids, len(rows) - len(left), len(left) - len(ids))


def _is_handled(source: str, type_: str) -> bool:
    owned = current_board().webhook_sources.get(source)
    return owned is not None and (owned.item.types is None or type_ in owned.item.types)


def _which(source: str | None, type_: str | None) -> list[ColumnElement[bool]]:
    which: list[ColumnElement[bool]] = [Work.kind == WEBHOOK]
    for column, value in ((Work.source, source), (Work.event_type, type_)):
        if value is not None:
            which.append(column == value)
    return which


def _shown(row: dict[str, Any]) -> dict[str, Any]:
    number, key = row.pop("id"), row.pop("dedupe_key")
    return {"number": number, "id": sender_id(row["source"], key), "type": row.pop("event_type"), **row}
