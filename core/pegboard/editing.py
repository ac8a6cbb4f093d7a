"""Editing `pegboard.toml` as a person would: comments, order and layout stay. tomlkit is imported on first use."""

from __future__ import annotations

import shutil
from collections.abc import Callable, MutableMapping
from pathlib import Path
from typing import Any

from .errors import PegboardError
from .sources import Sources


def hidden_by(sources: Sources, key: str) -> str:
    """What makes `[pegboard] key` of the file count for nothing, as half a sentence; empty where nothing does."""
    variable = f"PEGBOARD_{key.upper()}"
    if layer := next((layer.label for layer in sources.variables if layer.get(variable)), None):
        return f"{variable} is set in {layer} and hides the file"
    if overlay := next((label for label, tables in sources.tables[:1] if key in tables.get("pegboard", {})), None):
        return f"{key} is set in {overlay}, which hides [pegboard]"
    return ""


def edit(sources: Sources, change: Callable[[MutableMapping[str, Any]], None]) -> Path:
    """Let `change` edit the table `[pegboard]` of the file, which is made where there is none; its path."""
    import tomlkit
    from tomlkit.exceptions import ParseError

    file = sources.file or sources.folder / "pegboard.toml"
    try:
        document = tomlkit.parse(file.read_text(encoding="utf-8")) if file.exists() else tomlkit.document()
        table = document.setdefault("pegboard", tomlkit.table())
        if not isinstance(table, MutableMapping):
            raise PegboardError(f"[pegboard] in {file} is not a table")
        change(table)
        temporary = file.with_name(f".{file.name}.new")
        temporary.write_text(tomlkit.dumps(document), encoding="utf-8")
        if file.exists():
            shutil.copymode(file, temporary)
        temporary.replace(file)
    except ParseError as error:
        raise PegboardError(f"{file} is not valid TOML: {error}\n    → correct the file at that place") from error
    except OSError as error:
        raise PegboardError(f"{file} cannot be written: {error.strerror}") from error
    return file
