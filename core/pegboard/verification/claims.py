"""What is a plugin's by its name, in all that plugins share: tables, URLs, commands, variables."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from ..discovery import Found, Installed
from ..plugin import Plugin
from ..settings import BoardSettings, env_names


@dataclass(frozen=True, slots=True)
class Claim:
    """What `owner` has. Of a plugin that is only installed no more is known than its name; a builtin is looked at."""

    owner: str
    url: str
    command: str
    variables: str
    tables: tuple[str, ...] = ()

    def has_table(self, name: str) -> bool:
        return name in self.tables or name.startswith(f"{self.owner}_")

    def has_url(self, rule: str) -> bool:
        return bool(self.url) and f"{rule}/".startswith(f"{self.url}/")

    def has_variable(self, name: str) -> bool:
        return name.startswith(self.variables)


def claims_of_others(name: str) -> list[Claim]:
    """The core's, and those of every installed plugin but this one."""
    installed = Installed()
    core = [
        Claim("core", "/static", "", "PEGBOARD_"),
        Claim("core", "/healthz", "", "FLASK_"),
        Claim("core", "/webhooks", "", "PEGBOARD_"),
    ]
    return [*core, *(_claim(installed, other) for other in installed.names if other != name)]


def core_variables() -> set[str]:
    """The variables that the board itself reads."""
    return {name for key in BoardSettings.model_fields for name in env_names(BoardSettings, "PEGBOARD_", key)}


def _claim(installed: Installed, name: str) -> Claim:
    dashed = name.replace("_", "-")
    plugin = _builtin(installed, name)
    url = f"/{dashed}" if plugin is None or plugin.url_prefix is None else plugin.url_prefix
    command = plugin.command if plugin and plugin.command else dashed
    return Claim(name, url, command, f"{name.upper()}_", plugin.tables if plugin else ())


def _builtin(installed: Installed, name: str) -> type[Plugin[Any]] | None:
    """Its class, where it ships with the core; another's is not imported for a question about names."""
    if not installed.points[name][0].value.startswith("pegboard.builtin."):
        return None
    found = installed.load(name)
    return found.plugin if isinstance(found, Found) else None


def owners(claims: list[Claim], kind: str, name: str) -> Iterator[str]:
    """Whose a name is: `kind` is table, url or variable."""
    return (claim.owner for claim in claims if getattr(claim, f"has_{kind}")(name))
