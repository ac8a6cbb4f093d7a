"""How items of work are shown on a terminal, and given to scripts."""

from __future__ import annotations

import base64
import json
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Mapping

    from ..work.looking import Detail

_TIMES = ("created_at", "run_at", "lease_until", "finished_at", "purged_at")
_JSON = ("data", "headers", "progress")


def line(row: Mapping[str, Any], *, errors: bool = False) -> str:
    """One item: its number, what became of it, who handles it, and where it waits."""
    tries = f" after {row['tries']} tries" if row["tries"] > 1 else ""
    lane = f" in {row['lane']}" if row["lane"] else ""
    said = (row["error"] or "").partition("\n")[0]
    error = f"\n        {said}" if said and (errors or row["status"] in ("pending", "parked", "waiting")) else ""
    return f"{row['id']:>8}  {row['status']:<8}  {row['queue']:<9} {row['handler']}{lane}{tries}{error}"


def described(detail: Detail) -> str:
    """Everything about one item, for people."""
    return with_replays(_fields(detail), detail)


def with_replays(fields: Mapping[str, Any], detail: Detail) -> str:
    """A line for each field that has a value, and for each time that the item was set to work again."""
    shown = [f"{name:<14}{value}" for name, value in fields.items() if value not in (None, "")]
    shown += [
        f"{'replayed':<14}{shown_time(one.replayed_at)} by {one.replayed_by}; it was {one.status}"
        for one in detail.replays
    ]
    return "\n".join(shown)


def as_data(detail: Detail) -> dict[str, Any]:
    """Everything about one item, for scripts: times in milliseconds, the payload in base64."""
    item = detail.item
    columns = {column.name: getattr(item, column.name) for column in item.__table__.columns}
    for name in _JSON:
        columns[name] = json.loads(columns[name]) if columns[name] else None
    if item.payload is not None:
        columns["payload"] = base64.b64encode(item.payload).decode()
    replays = [
        {"at": one.replayed_at, "by": one.replayed_by, "status": one.status, "tries": one.tries, "error": one.error}
        for one in detail.replays
    ]
    return {**columns, "now": detail.now, "replays": replays}


def _fields(detail: Detail) -> dict[str, Any]:
    item = detail.item
    fields: dict[str, Any] = {
        "id": item.id,
        "status": item.status,
        "kind": item.kind,
        "handler": item.handler,
        "queue": item.queue,
        "lane": item.lane,
        "tries": item.tries,
        "event": f"{item.event_type} {item.event_version}, {item.event_id}" if item.event_id else item.event_type,
        "request": item.request_id,
        "worker": item.worker,
        "progress": _progress(item.progress),
        **{name.removesuffix("_at").replace("_", " "): shown_time(getattr(item, name)) for name in _TIMES},
    }
    fields["data"] = item.data
    fields["payload"] = None if item.payload is None else f"{len(item.payload)} bytes"
    fields["error"] = (item.error or "").replace("\n", "\n" + " " * 14)
    return fields


def _progress(written: str | None) -> str | None:
    if not written:
        return None
    said = json.loads(written)
    total, note = said.get("total"), said.get("note")
    share = f" of {total} ({said['done'] * 100 // total} %)" if total else ""
    return f"{said['done']}{share}{f': {note}' if note else ''}"


def shown_time(milliseconds: int | None) -> str | None:
    """A time in UTC, to the second."""
    if milliseconds is None:
        return None
    return datetime.fromtimestamp(milliseconds / 1000, UTC).isoformat(sep=" ", timespec="seconds")
