"""Switching plugins on and off in `pegboard.toml`."""

from __future__ import annotations

from collections.abc import MutableMapping, MutableSequence, Sequence
from pathlib import Path
from typing import Any

from ..editing import edit, hidden_by
from ..errors import PegboardError
from ..sources import Sources


def switch(sources: Sources, key: str, names: Sequence[str]) -> Path:
    """Write the list `[pegboard] key`. PegboardError where a variable or an overlay would hide it."""
    if hidden := hidden_by(sources, key):
        raise PegboardError(f"{hidden}: change it there")

    def change(table: MutableMapping[str, Any]) -> None:
        from tomlkit.items import Array

        listed = table.get(key)
        if isinstance(listed, Array):
            _edit(listed, names)
        else:
            table[key] = list(names)

    return edit(sources, change)


def _edit(listed: MutableSequence[Any], names: Sequence[str]) -> None:
    for position in reversed(range(len(listed))):
        if listed[position] not in names:
            del listed[position]
    for name in names:
        if name not in listed:
            listed.append(name)
