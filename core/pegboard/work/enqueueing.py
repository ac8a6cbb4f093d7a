"""Functions of plugins that are called later: written down with their arguments, in the caller's transaction."""

from __future__ import annotations

import inspect
import json
import sys
from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import timedelta
from importlib import import_module
from typing import Any, ParamSpec, get_type_hints
from weakref import WeakKeyDictionary

from pegboard.collect import package_of
from pegboard.db import db
from pegboard.events.coding import Code, code_of
from pegboard.events.event import UnreadableEvent
from pegboard.live import Board

from .claiming import Item
from .insertion import NewItem, insert
from .models import JOB, QUEUES
from .nudging import nudge_after_commit, request_id
from .recording import board_to_work_on
from .tasks import Absent, Task

P = ParamSpec("P")


@dataclass(frozen=True, slots=True)
class _Form:
    """What a function takes, and how each of it is written and read."""

    signature: inspect.Signature
    codes: dict[str, tuple[Code, Code]]


_known: WeakKeyDictionary[Callable[..., Any], _Form] = WeakKeyDictionary()


@dataclass(frozen=True, slots=True)
class Enqueue:
    """`enqueue(function, 1, name="x")` calls the function once the caller's transaction is committed, until it succeeds.

    The function is one of a module of an enabled plugin. Its parameters say their types, which are those of events:
    `str`, `int`, `bool`, `UUID`, aware `datetime`, `Money`, lists and tuples of these, or None. It is a handler: it writes
    and does not commit, or yields once between its calls and what it writes.
    """

    queue: str = "jobs"
    lane: str | None = None
    delay: timedelta = timedelta(0)
    once: str | None = None

    def into(
        self,
        queue: str | None = None,
        *,
        lane: str | None = None,
        delay: timedelta | None = None,
        once: str | None = None,
    ) -> Enqueue:
        """The same, elsewhere: `enqueue.into("bulk", lane="import:7")(function)`.

        What is in one `lane` is done one at a time, in order. `delay` is how long to wait at least. Of what is enqueued
        `once` under a word, only the first is ever done.
        """
        if queue is not None and queue not in QUEUES:
            raise ValueError(f"there is no queue {queue!r}: {', '.join(QUEUES)}")
        found = replace(self, queue=queue or self.queue, lane=lane or self.lane, once=once or self.once)
        return found if delay is None else replace(found, delay=delay)

    def __call__(self, function: Callable[P, Any], *args: P.args, **kwargs: P.kwargs) -> int | None:
        """Write it down in the transaction of `db.session`. The id of the item; None where `once` it was there already."""
        board = board_to_work_on("enqueue(…)")
        if not board.plan.uses_database:
            raise RuntimeError("enqueue(…) needs a database, and this board has none: set DATABASE_URL")
        handler = name_of(board, function)
        form = _form_of(function)
        given = form.signature.bind(*args, **kwargs).arguments
        session = db.session()
        made = insert(
            session,
            NewItem(
                kind=JOB,
                queue=self.queue,
                handler=handler,
                lane=self.lane,
                delay=int(self.delay.total_seconds() * 1000),
                dedupe_key=f"once:{handler}:{self.once}" if self.once else None,
                data=json.dumps(
                    {name: form.codes[name][0](value) for name, value in given.items()}, ensure_ascii=False
                ),
                request_id=request_id(),
            ),
        )
        nudge_after_commit(session, self.queue, self.lane)
        return made


enqueue = Enqueue()


def name_of(board: Board, function: Callable[..., Any]) -> str:
    """`module:function`. ValueError where it is no function of a module of an enabled plugin."""
    module, name = function.__module__, function.__qualname__
    if getattr(sys.modules.get(module), name, None) is not function:
        raise ValueError(f"{module}.{name} cannot be enqueued: only a function of a module can be found again later")
    if not _is_enabled(board, module):
        raise ValueError(f"{module}.{name} cannot be enqueued: {module} belongs to no enabled plugin")
    return f"{module}:{name}"


def function_of(board: Board, handler: str) -> Callable[..., Any]:
    """The function of that name. Absent where it is gone, or where its plugin is not enabled: that is not even imported."""
    module, _, name = handler.partition(":")
    if not _is_enabled(board, module):
        raise Absent(f"{module} belongs to no enabled plugin")
    try:
        found: Any = getattr(import_module(module), name)
    except (ImportError, AttributeError):
        raise Absent(f"there is no function {name} in {module}") from None
    if getattr(found, "__module__", None) != module or not inspect.isfunction(found):
        raise Absent(f"{name} is no function of {module}")
    return found


def enqueued_task(board: Board, item: Item) -> Task:
    """The call that was written down. UnreadableEvent where the function takes something else by now."""
    function = function_of(board, item.handler)
    form = _form_of(function)
    try:
        given = {name: form.codes[name][1](value) for name, value in json.loads(item.data or "{}").items()}
        form.signature.bind(**given)
    except (TypeError, ValueError, KeyError) as error:
        raise UnreadableEvent(f"{item.handler} does not take what was enqueued: {error}") from error
    return lambda: function(**given)


def _is_enabled(board: Board, module: str) -> bool:
    for entry in board.plan.active:
        package = package_of(entry.plugin)
        if entry.name not in board.off and (
            module == entry.plugin.__module__ or (package and f"{module}.".startswith(f"{package}."))
        ):
            return True
    return False


def _form_of(function: Callable[..., Any]) -> _Form:
    if (known := _known.get(function)) is not None:
        return known
    hints, found, signature = get_type_hints(function), {}, inspect.signature(function)
    for name, parameter in signature.parameters.items():
        if parameter.kind in (parameter.VAR_POSITIONAL, parameter.VAR_KEYWORD, parameter.POSITIONAL_ONLY):
            raise TypeError(f"{function.__qualname__}: {name} must be a parameter with a name of its own")
        if name not in hints:
            raise TypeError(f"{function.__qualname__}: say of what type {name} is")
        found[name] = code_of(hints[name])
    _known[function] = form = _Form(signature, found)
    return form
