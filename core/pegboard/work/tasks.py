"""What an item asks for: the function that handles it, found by its name among what this board has enabled."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from pegboard.events.coding import decoded
from pegboard.live import Board

from . import deliveries
from .claiming import Item
from .kinds import kind_of
from .models import EVENT, JOB, WEBHOOK

Task = Callable[[], Any]
"""Called once; what it returns, if it is a generator, has two steps."""


class Absent(Exception):
    """Nothing that is enabled here handles the item. The message says what is missing."""


def task_of(board: Board, item: Item) -> Task:
    """The function to call. Absent where there is none; NewerEvent and UnreadableEvent as `events.coding` raises them."""
    find = FINDERS.get(item.kind)
    if find is None:
        raise Absent(f"this version knows no work of the kind {item.kind!r}")
    return find(board, item)


def can_handle(board: Board, handler: str) -> bool:
    """Whether anything that is enabled here has that name."""
    from .enqueueing import function_of
    from .scheduling import jobs_of

    if ":" in handler:
        try:
            return bool(function_of(board, handler))
        except Exception:  # noqa: BLE001 - whatever an author's module raises when it is imported
            return False
    plugin, _, hook = handler.rpartition(".")
    heard = any(one.plugin == plugin and _is_on(board, one) for one in board.handlers.get(hook, ()))
    if heard or handler in deliveries.handlers(board):
        return True
    return any(name == handler for name, _ in jobs_of(board))


def _event(board: Board, item: Item) -> Task:
    plugin, _, hook = item.handler.rpartition(".")
    for one in board.handlers.get(hook, ()):
        if one.plugin == plugin and _is_on(board, one):
            event = decoded(kind_of(board, hook), item.event_version or 1, item.data or "{}")
            handle = one.item
            return lambda: handle(event)
    raise Absent(f"no enabled plugin handles {item.handler}")


def _webhook(board: Board, item: Item) -> Task:
    task = deliveries.task_for(board, item)
    if task is None:
        raise Absent(f"no enabled plugin handles the webhooks of {item.source}, as {item.handler} did")
    return task


def _is_on(board: Board, one: Any) -> bool:
    return one.item is not None and one.plugin not in board.off


def _job(board: Board, item: Item) -> Task:
    from .enqueueing import enqueued_task
    from .scheduling import scheduled_task

    return enqueued_task(board, item) if ":" in item.handler else scheduled_task(board, item)


FINDERS: dict[str, Callable[[Board, Item], Task]] = {EVENT: _event, WEBHOOK: _webhook, JOB: _job}
"""How the function is found, by the kind of item."""
