"""How webhooks are shown on a terminal, and given to scripts."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from .showing_work import as_data, shown_time, with_replays

if TYPE_CHECKING:
    from ..work.looking import Detail


def line(row: Mapping[str, Any]) -> str:
    """One webhook: its number, when it came, what became of it, from whom, what happened there, and its id."""
    said = (row["error"] or "").partition("\n")[0]
    error = f"\n        {said}" if said else ""
    came = shown_time(row["created_at"])
    return f"{row['number']:>8}  {came}  {row['status']:<8}  {row['source']}  {row['type']}  {row['id']}{error}"


def described(detail: Detail) -> str:
    """Everything about one webhook but its body, for people."""
    return with_replays(_fields(detail), detail)


def as_webhook(detail: Detail) -> dict[str, Any]:
    """Everything about one webhook, for scripts: times in milliseconds, the body in base64."""
    data = as_data(detail)
    number, kept = data.pop("id"), data.pop("data") or {}
    known = {"number": number, "id": _id(detail), "type": data.pop("event_type"), "body": data.pop("payload")}
    return {**known, "subject": kept.get("subject"), "secret": kept.get("secret"), **data}


def _fields(detail: Detail) -> dict[str, Any]:
    item = detail.item
    kept = json.loads(item.data or "{}")
    headers = json.loads(item.headers or "{}")
    purged = f"purged {shown_time(item.purged_at)}" if item.purged_at else None
    return {
        "number": item.id,
        "id": _id(detail),
        "source": item.source,
        "type": item.event_type,
        "subject": kept.get("subject"),
        "status": item.status,
        "tries": item.tries,
        "received": shown_time(item.created_at),
        "due": shown_time(item.run_at) if item.status in ("pending", "waiting") else None,
        "finished": shown_time(item.finished_at),
        "signed with": "the newest secret" if kept.get("secret") == 0 else _older(kept.get("secret")),
        "handler": item.handler,
        "request": item.request_id,
        "headers": "\n".ljust(15).join(f"{name}: {value}" for name, value in headers.items()),
        "body": purged or f"{len(item.payload or b'')} bytes, shown by --body",
        "error": (item.error or "").replace("\n", "\n".ljust(15)),
    }


def _older(secret: int | None) -> str | None:
    return None if secret is None else f"secret {secret + 1} of the setting: the sender still uses an older one"


def _id(detail: Detail) -> str:
    from ..webhooks.looking import sender_id

    kept = json.loads(detail.item.data or "{}")
    return str(kept.get("id") or sender_id(detail.item.source or "", detail.item.dedupe_key or ""))
