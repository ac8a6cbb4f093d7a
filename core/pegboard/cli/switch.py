"""Editing `pegboard.toml` as a person would: comments, order and layout stay."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import tomlkit
from tomlkit.items import Array, Table

from ..errors import PegboardError
from ..sources import Sources


def switch(sources: Sources, key: str, names: Sequence[str]) -> Path:
    """Write the list `[pegboard] key`. PegboardError where a variable or an overlay would hide it."""
    overlays = [label for label, tables in sources.tables[:1] if key in tables.get("pegboard", {})]
    if overlays:
        raise PegboardError(f"{key} is set in {overlays[0]}, which hides [pegboard]: change it there")
    if hidden := next((layer.label for layer in sources.variables if layer.get(f"PEGBOARD_{key.upper()}")), None):
        raise PegboardError(f"PEGBOARD_{key.upper()} is set in {hidden} and hides the file: change it there")
    file = sources.file or sources.folder / "pegboard.toml"
    document = tomlkit.parse(file.read_text(encoding="utf-8")) if file.exists() else tomlkit.document()
    table = document.setdefault("pegboard", tomlkit.table())
    if not isinstance(table, Table):
        raise PegboardError(f"[pegboard] in {file} is not a table")
    listed = table.get(key)
    if isinstance(listed, Array):
        _edit(listed, names)
    else:
        table[key] = list(names)
    temporary = file.with_name(f".{file.name}.new")
    temporary.write_text(tomlkit.dumps(document), encoding="utf-8")
    temporary.replace(file)
    return file


def _edit(listed: Array, names: Sequence[str]) -> None:
    for position in reversed(range(len(listed))):
        if listed[position] not in names:
            del listed[position]
    for name in names:
        if name not in listed:
            listed.append(name)
