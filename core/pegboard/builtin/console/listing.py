"""The lists of the console, as their templates have them: a page of items, what they were narrowed down to, and numbers that stop at a thousand."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from pegboard.i18n import gettext as _
from pegboard.work.looking import counted_up_to, database_now, dead_by_handler, found
from pegboard.work.models import DEAD, DONE, IGNORED, LEASED, PARKED, PENDING, STATUSES, WAITING, WEBHOOK

from .redacting import Redacting
from .words import Moment, moment, peg, queues, statuses

PER_PAGE = 50
MOST = 1_000
"""Numbers are counted up to here: what is beyond is `1,000 or more`."""

UNFINISHED = (WAITING, PENDING, LEASED, PARKED)
_WORDS = 300


@dataclass(frozen=True, slots=True)
class Row:
    """An item in a list: never what it carries, and of its error the first line."""

    id: int
    handler: str
    source: str
    type: str
    status: str
    label: str
    peg: str
    queue: str
    tries: int
    said: str
    since: str
    when: Moment
    again: bool


@dataclass(frozen=True, slots=True)
class Listing:
    """A page of a list. `before` is where the next one begins, None on the last; `chosen` is what it was narrowed down to."""

    rows: list[Row]
    before: int | None
    chosen: Mapping[str, str]
    statuses: Mapping[str, str]
    queues: Mapping[str, str]
    numbers: Mapping[str, str]
    by_handler: Mapping[str, int]


def dead_letters(queue: str | None, handler: str | None, before: int | None) -> Listing:
    """What is dead, the newest first, and how many of the newest each handler has."""
    by_handler = dead_by_handler(MOST)
    if handler is not None:
        number = counted_up_to(MOST, DEAD, handler)
        by_handler = {handler: number} if number else {}
    return _listing(DEAD, queue, handler, None, before, {}, by_handler)


def work(status: str | None, queue: str | None, handler: str | None, before: int | None) -> Listing:
    """What is not finished, or what has that status."""
    words = {name: word for name, word in statuses().items() if name != DEAD}
    wanted = status if status and status in words else UNFINISHED
    return _listing(wanted, queue, handler, None, before, words, {})


def webhooks(status: str | None, handler: str | None, before: int | None) -> Listing:
    """Webhooks, whatever became of them, or those of that status."""
    words = statuses()
    wanted = status if status and status in words else STATUSES
    return _listing(wanted, None, handler, WEBHOOK, before, words, {})


def number_in_words(number: int) -> str:
    """A number that was counted up to `MOST`."""
    return _("1,000 or more") if number >= MOST else str(number)


def _listing(
    status: str | tuple[str, ...],
    queue: str | None,
    handler: str | None,
    kind: str | None,
    before: int | None,
    words: Mapping[str, str],
    by_handler: Mapping[str, int],
) -> Listing:
    queue = queue if queue in queues() else None
    items = found(status=status, queue=queue, handler=handler, kind=kind, before=before, limit=PER_PAGE + 1)
    shown, now, redacting = items[:PER_PAGE], database_now(), Redacting()
    chosen = {
        "status": status if isinstance(status, str) and words else "",
        "queue": queue or "",
        "handler": handler or "",
    }
    return Listing(
        rows=[_row(item, now, redacting) for item in shown],
        before=shown[-1]["id"] if len(items) > PER_PAGE else None,
        chosen={name: value for name, value in chosen.items() if value},
        statuses=words,
        queues=queues(),
        numbers={
            "dead": number_in_words(counted_up_to(MOST, DEAD)),
            "work": number_in_words(counted_up_to(MOST, UNFINISHED)),
        },
        by_handler=by_handler,
    )


def _row(item: Mapping[str, Any], now: int, redacting: Redacting) -> Row:
    status = item["status"]
    said = redacting.text((item["error"] or "").partition("\n")[0])
    return Row(
        id=item["id"],
        handler=item["handler"],
        source=item["source"] or "",
        type=item["event_type"] or "",
        status=status,
        label=statuses()[status],
        peg=peg(status),
        queue=item["queue"],
        tries=item["tries"],
        said=said if len(said) <= _WORDS else f"{said[:_WORDS]} …",
        since=_since(status),
        when=moment(_time(item), now),
        again=status == DEAD and item["purged_at"] is None,
    )


def _time(item: Mapping[str, Any]) -> int:
    """When it ended, when it is due, or when it was written down: whichever says most."""
    if item["status"] in (DEAD, DONE, IGNORED):
        return int(item["finished_at"] or item["created_at"])
    return int(item["run_at"] if item["status"] == PENDING else item["created_at"])


def _since(status: str) -> str:
    """What the time is of, where that does not go without saying."""
    if status == PENDING:
        return _("Due")
    return "" if status in (DEAD, DONE, IGNORED) else _("Written down")
