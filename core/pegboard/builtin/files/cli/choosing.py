"""Writing into `pegboard.toml` which provider new files go to."""

from __future__ import annotations

from collections.abc import MutableMapping
from typing import Any


def choose(target: str) -> str:
    """Choose a provider from the next start on; what became of that, in words."""
    from pegboard.editing import edit, hidden_by
    from pegboard.errors import PegboardError
    from pegboard.live import current_board

    plan = current_board().plan
    if plan.settings.providers.get("files") == target:
        return f'files = "{target}" is set already'
    wanted = f'set files = "{target}" there'
    if hidden := hidden_by(plan.sources, "providers"):
        return f"{hidden}: {wanted}"

    def change(table: MutableMapping[str, Any]) -> None:
        import tomlkit

        table.setdefault("providers", tomlkit.table())["files"] = target

    try:
        file = edit(plan.sources, change)
    except PegboardError as error:
        return f'{error}: set files = "{target}" below [pegboard.providers] yourself'
    return f'files = "{target}" is written into {file.name}'
