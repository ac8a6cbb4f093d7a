"""`python -m tools.reference`: writes what the documentation takes from the code: settings, hooks, events, commands, fixtures."""

from __future__ import annotations

import configparser
import inspect
import tomllib
from collections.abc import Iterator
from dataclasses import MISSING, fields, is_dataclass
from importlib import import_module
from importlib.util import find_spec
from pathlib import Path
from typing import Any, cast

from pydantic import SecretStr
from pydantic.fields import FieldInfo

from pegboard import contributions
from pegboard.collect import COLLECTED, VETOES
from pegboard.discovery import GROUP
from pegboard.hookspecs import Hooks
from pegboard.plugin import Plugin
from pegboard.settings import BoardSettings, PluginSettings, SettingsModel, env_names
from tools.commands import commands_page
from tools.events import events_page
from tools.fixtures import PAGE, testing_page
from tools.manifest import ROOT, plugin_folders

DOCS = ROOT / "docs"
_TABLE_BEGINS, _TABLE_ENDS = "<!-- settings -->", "<!-- /settings -->"
_SETTINGS_HEAD = """\
# Settings

A setting is a field of a settings class: `[pegboard]` for the board, a table of its name for each plugin. A value is looked up in this order, and the
first that is found wins:

1. what is given in code: `create_app(config={...})`
2. the environment
3. the secrets folder: one file per variable, named like it; `PEGBOARD_SECRETS_DIR`, by default `/run/secrets`
4. `.env` beside `pegboard.toml`
5. the overlay of the environment in `pegboard.toml`: `[env.production.pegboard]`, `[env.production.s3_storage]`
6. the table itself: `[pegboard]`, `[s3_storage]`
7. in development, what `pegboard sandbox` has written below `instance/sandbox/` about its local servers
8. the default

An empty variable counts as not set. Where several variables are listed, the first is the strongest. In a variable, a list is written with commas or as
JSON, a table as JSON. `pegboard.toml` is looked for in the current folder; `PEGBOARD_CONFIG` or `pegboard --config` names another. Relative paths start
at its folder. `pegboard config show` says where each value came from; secrets are masked there and everywhere. An unknown key is an error.

In production (`PEGBOARD_ENV=production`) `SECRET_KEY`, `PUBLIC_URL` and `DATABASE_URL` are required, and debug is an error. A test board refuses a
database that belongs to another environment.
"""
_HOOKS_HEAD = """\
# Hooks

A plugin implements a hook with `@hookimpl` on a method of its class. Contribution hooks are called once, at boot, and return plain data, described
below; what a hook yields is made a list at once, and an exception is charged to the plugin. A misspelt hook is an error that names the right one.
A veto hook is called each time there is something to allow. `app_ready` is called last of all at boot. What has happened is heard by the hooks
of [events](events.md).
"""


def pages() -> dict[Path, str]:
    """The generated pages, by file."""
    named = {"settings": settings_page(), "hooks": hooks_page(), "commands": commands_page(_plugins())}
    named["events"] = events_page()
    return {PAGE: testing_page(), **{DOCS / f"{name}.md": text for name, text in named.items()}, **readmes()}


def readmes() -> dict[Path, str]:
    """The READMEs of plugins that leave a place for the table of their settings, with the table in it."""
    found = {}
    for plugin in _plugins():
        file = Path(inspect.getfile(plugin)).with_name("README.md")
        text = file.read_text(encoding="utf-8") if file.exists() else ""
        before, mark, rest = text.partition(_TABLE_BEGINS)
        if mark:
            found[file] = f"{before}{mark}\n{_own_table(plugin)}{_TABLE_ENDS}{rest.partition(_TABLE_ENDS)[2]}"
    return found


def settings_page() -> str:
    """Precedence, then a table per settings class: the board, what every plugin has, each plugin of this repository."""
    parts = [
        _SETTINGS_HEAD,
        "## The board: `[pegboard]`\n",
        _table(BoardSettings, "PEGBOARD_", BoardSettings.model_fields),
    ]
    parts += ["## Every plugin\n", _table(PluginSettings, "<NAME>_", PluginSettings.model_fields)]
    for plugin in _plugins():
        parts.append(f"## {_first_line(plugin)} `[{plugin.name}]`\n")
        parts.append(_own_table(plugin))
    return "\n".join(parts)


def _own_table(plugin: type[Plugin[Any]]) -> str:
    """The settings that a plugin adds to those of every plugin."""
    model = plugin.Settings
    own = {key: info for key, info in model.model_fields.items() if key not in PluginSettings.model_fields}
    prefix = model.env_prefix or f"{plugin.name.upper()}_"
    return _table(model, prefix, own) if own else "Only what every plugin has.\n"


def hooks_page() -> str:
    """Each hook with its signature and docstring, then each dataclass that hooks return or are given."""
    parts = [_HOOKS_HEAD]
    for name in (*COLLECTED, *VETOES, "app_ready"):
        method = vars(Hooks)[name]
        signature = str(inspect.signature(method)).replace("'", "")
        parts.append(f"## `{name}`\n\n```python\ndef {name}{signature}\n```\n\n{inspect.getdoc(method)}\n")
    parts.append("## What they return and are given\n\nFrom `pegboard.contributions`.\n")
    for kind in vars(contributions).values():
        if isinstance(kind, type) and kind.__module__ == contributions.__name__:
            listed = "".join(f"    {line}\n" for line in _members(kind))
            parts.append(
                f"### `{kind.__name__}`\n\n```python\nclass {kind.__name__}:\n{listed}```\n\n{inspect.getdoc(kind)}\n"
            )
    return "\n".join(parts)


def _members(kind: type) -> Iterator[str]:
    """The fields of a dataclass, or what a protocol asks for."""
    if is_dataclass(kind):
        yield from (f"{field.name}: {field.type}{_default(field)}".replace("'", '"') for field in fields(kind))
        return
    for name, member in vars(kind).items():
        if isinstance(member, property):
            yield f"{name}: {inspect.signature(member.fget or len).return_annotation}"
        elif inspect.isfunction(member) and not name.startswith("_"):
            yield f"def {name}{inspect.signature(member)}".replace("'", "")


def _plugins() -> Iterator[type[Plugin[Any]]]:
    """The plugins of this repository, from its metadata: first the builtins, then those with a distribution of their own."""
    metadata = configparser.ConfigParser()
    metadata.read(ROOT / "setup.cfg", encoding="utf-8")
    points = [line.partition("=")[2] for line in metadata["options.entry_points"][GROUP].strip().splitlines()]
    for folder in plugin_folders():
        project = tomllib.loads((folder / "pyproject.toml").read_text(encoding="utf-8"))["project"]
        points += project.get("entry-points", {}).get(GROUP, {}).values()
    for point in points:
        module, _, name = point.strip().partition(":")
        if _is_there(module):
            yield cast("type[Plugin[Any]]", getattr(import_module(module), name))


def _is_there(module: str) -> bool:
    """A plugin may be left out of an installation."""
    try:
        return find_spec(module) is not None
    except ModuleNotFoundError:
        return False


def _table(model: type[SettingsModel], prefix: str, shown: dict[str, FieldInfo]) -> str:
    rows = ["| setting | variables | type | default | |", "| --- | --- | --- | --- | --- |"]
    for key, info in shown.items():
        variables = ", ".join(f"`{name}`" for name in env_names(model, prefix, key))
        about = [(info.description or "").replace("<", "\\<")]
        if isinstance(info.json_schema_extra, dict) and (where := info.json_schema_extra.get("where")):
            about.append(f"Get it: {where}")
        cells = [f"`{key}`", variables, f"`{_type(info)}`", _shown_default(info), " ".join(about)]
        rows.append(f"| {' | '.join(cell.replace('|', chr(92) + '|') for cell in cells)} |")
    return "\n".join(rows) + "\n"


def _type(info: FieldInfo) -> str:
    """The annotation as an author would say it, without module names."""
    kind = info.annotation
    words = kind.__name__ if isinstance(kind, type) and not hasattr(kind, "__args__") else str(kind)
    for noise in ("typing.", "pathlib.", "_local.", "pydantic.types.", "pydantic.networks.", "collections.abc."):
        words = words.replace(noise, "")
    return words


def _shown_default(info: FieldInfo) -> str:
    if info.is_required():
        return "required"
    value = info.get_default(call_default_factory=True, validated_data={})
    if value is None or value in ((), {}, ""):
        return ""
    if isinstance(value, SecretStr):
        return "a secret"
    return f"`{list(value) if isinstance(value, tuple) else value}`"


def _default(field: Any) -> str:
    if field.default_factory is not MISSING:
        return f" = {field.default_factory()!r}"
    return "" if field.default is MISSING else f" = {field.default!r}"


def _first_line(plugin: type[Plugin[Any]]) -> str:
    return (plugin.__doc__ or plugin.name).strip().partition("\n")[0].rstrip(".") + ":"


def main() -> None:
    """Write the pages."""
    for file, text in pages().items():
        file.write_text(text, encoding="utf-8")
        print(f"wrote {file.relative_to(ROOT)}")


if __name__ == "__main__":
    main()
