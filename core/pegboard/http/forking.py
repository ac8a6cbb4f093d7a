"""What must be made anew in the child of a fork: connections belong to the parent, and a lock may be held by no one.

Everything is known weakly: a client that nobody uses any more is not kept alive by this.
"""

from __future__ import annotations

import os
from typing import Protocol
from weakref import WeakSet


class Forkable(Protocol):
    """Something that is of no use in a child as it is."""

    def after_fork(self) -> None:
        """Called in the child, before anything else runs there."""


_forkable: WeakSet[Forkable] = WeakSet()


def renew_after_fork(one: Forkable) -> None:
    """Call its `after_fork` in every child that this process forks from now on."""
    _forkable.add(one)


def _in_child() -> None:
    for one in list(_forkable):
        one.after_fork()


if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=_in_child)
