"""How events and their hooks are called. Boots read this, so it imports next to nothing."""

from __future__ import annotations

import re

_WORD = re.compile(r"(?<=[a-z0-9])(?=[A-Z])|(?<=[A-Z])(?=[A-Z][a-z])")


def hook_of(name: str) -> str:
    """The hook that hears the events of a class: `UserRegistered` is heard by `user_registered`."""
    return _WORD.sub("_", name).lower()
