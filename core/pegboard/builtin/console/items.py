"""The page of one item: everything about it, what it carries without secrets, and who has set it to work again."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from flask import Blueprint, abort, render_template

from pegboard.web.users import names_of, permission

from .plugin import VIEW
from .tables import needs_tables

if TYPE_CHECKING:
    from pegboard.work.looking import Detail
    from pegboard.work.models import Work

    from .words import Moment

ITEM = "/work/<int(max=9223372036854775807):item_id>"
_TIMES = ("created_at", "run_at", "lease_until", "finished_at", "purged_at")


def add_rules(pages: Blueprint) -> None:
    """Add the page of this module."""
    pages.add_url_rule(ITEM, "item", item)


@permission(VIEW)
@needs_tables
def item(item_id: int) -> str:
    """What an item is, carries and was told, as far as anybody may read it."""
    from pegboard.work.looking import detailed
    from pegboard.work.models import HOLD
    from pegboard.work.replaying import REPLAYED

    from .redacting import Redacting
    from .words import explanation, kind, peg, queues, statuses

    detail = detailed(item_id)
    if detail is None or detail.item.kind == HOLD:
        abort(404)
    shown, redacting = detail.item, Redacting()
    return render_template(
        "console/item.html",
        item=shown,
        label=statuses()[shown.status],
        peg=peg(shown.status),
        explanation=explanation(shown.status),
        kind=kind(shown.kind),
        queue=queues().get(shown.queue, shown.queue),
        times=_times(detail),
        lane=redacting.text(shown.lane),
        error=redacting.text(shown.error),
        data=redacting.document(shown.data),
        payload=redacting.payload(shown.payload),
        size=None if shown.payload is None else len(shown.payload),
        progress=_progress(shown.progress, redacting.text),
        replays=_replays(detail, redacting.text),
        may_be_replayed=shown.status in REPLAYED and shown.purged_at is None and is_handled(shown),
    )


def is_handled(shown: Work) -> bool:
    """Whether it would be of use to set it to work again: not where nobody hears of webhooks of its type."""
    from pegboard.webhooks.looking import among
    from pegboard.work.models import IGNORED

    return shown.status != IGNORED or bool(among([shown.id]).ids)


def _times(detail: Detail) -> Mapping[str, Moment]:
    """The times it has, by their columns."""
    from .words import moment

    found = {name: getattr(detail.item, name) for name in _TIMES}
    if detail.item.finished_at is not None:
        found["run_at"] = None  # nothing is due any more
    return {name: moment(time, detail.now) for name, time in found.items() if time is not None}


def _progress(written: str | None, shown: Any) -> Mapping[str, Any] | None:
    """What a long job last said: so many, of how many, and a note."""
    if not written:
        return None
    said = json.loads(written)
    total = said.get("total") or 0
    share = min(100, said["done"] * 100 // total) if total else None
    return {"done": said["done"], "total": total, "share": share, "note": shown(said.get("note"))}


def _replays(detail: Detail, shown: Any) -> list[Mapping[str, Any]]:
    """Who set it to work again, the last first: people by their names, and whoever typed a command as it was written down."""
    from .words import moment, statuses

    names, words = names_of({one.replayed_by for one in detail.replays}), statuses()
    return [
        {
            "by": names.get(one.replayed_by, one.replayed_by),
            "known": one.replayed_by in names,
            "when": moment(one.replayed_at, detail.now),
            "was": words.get(one.status, one.status),
            "tries": one.tries,
            "error": shown((one.error or "").partition("\n")[0]),
        }
        for one in reversed(detail.replays)
    ]
