"""The item that this thread works on."""

from __future__ import annotations

from contextvars import ContextVar

from .claiming import Item

current: ContextVar[Item | None] = ContextVar("pegboard.work.item", default=None)
