"""The class of an event, by the hook that hears it: as the specification of the hook says."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING, Any

from pegboard import events
from pegboard.errors import PegboardError
from pegboard.events.event import Event
from pegboard.hookspecs import EVENTS
from pegboard.live import Board

if TYPE_CHECKING:
    from collections.abc import MutableMapping

from weakref import WeakKeyDictionary

_known: MutableMapping[type[Event], str] = WeakKeyDictionary()


def check_kind(board: Board, hook: str, kind: type[Event]) -> None:
    """TypeError where another class of the same name is the one that the hook hears."""
    if _known.get(kind) == hook:
        return
    heard = kind_of(board, hook)
    if heard is not kind:
        theirs, ours = (f"{one.__module__}.{one.__qualname__}" for one in (heard, kind))
        raise TypeError(f"the hook {hook!r} hears {theirs}, not {ours}")
    _known[kind] = hook


def kind_of(board: Board, hook: str) -> type[Event]:
    """The class that a hook hears. LookupError where there is no such hook, PegboardError where its class is nowhere."""
    if hook in EVENTS:
        found: Any = getattr(events, EVENTS[hook])
    else:
        caller = getattr(board.plan.manager.hook, hook, None) if board.plan.manager else None
        if caller is None or not caller.has_spec():
            raise LookupError(hook)
        found = _annotated(caller.spec.function)
    if not (isinstance(found, type) and issubclass(found, Event)):
        raise PegboardError(f"what the hook {hook!r} hears is no event: derive its class from pegboard.events.Event")
    return found


def _annotated(spec: Any) -> Any:
    annotation = spec.__annotations__["event"]
    if not isinstance(annotation, str):
        return annotation
    found: Any = sys.modules[spec.__module__]
    for name in annotation.split("."):
        found = getattr(found, name, None)
    if found is None:
        raise PegboardError(
            f"{spec.__module__} does not have {annotation}, which {spec.__qualname__} hears: import it there, and not below "
            "`if TYPE_CHECKING` alone"
        )
    return found
