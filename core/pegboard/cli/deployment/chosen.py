"""What the plugins that a deployment begins with bring along: their distributions, and the settings they ask for."""

from __future__ import annotations

import textwrap
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from importlib.metadata import PackageNotFoundError, version
from typing import Any

from pydantic.fields import FieldInfo

from ...discovery import Found, Installed
from ...errors import Problem
from ...hookspecs import Hooks
from ...ordering import relation_problems
from ...plugin import Plugin
from ...settings import DEFAULT_BUILTINS, env_names, is_secret, suggestion


@dataclass(frozen=True, slots=True)
class Variable:
    """A variable to fill in, and what is said about it, in lines."""

    name: str
    comment: Sequence[str]


@dataclass(frozen=True, slots=True)
class Table:
    """A plugin's table of `pegboard.toml` and its variables: what it cannot do without, and its secrets."""

    name: str
    about: str
    lines: Sequence[str]
    variables: Sequence[Variable]


@dataclass(slots=True)
class Chosen:
    """The plugins of --with. `plugins` are those to be enabled: builtins are by themselves."""

    plugins: dict[str, Found] = field(default_factory=dict)
    problems: list[str] = field(default_factory=list)

    @property
    def tables(self) -> list[Table]:
        return [_table(name, found.plugin) for name, found in self.plugins.items()]

    @property
    def incomplete(self) -> list[str]:
        """Those that have settings without a default."""
        fields = {name: found.plugin.Settings.model_fields.values() for name, found in self.plugins.items()}
        return [name for name, infos in fields.items() if any(info.is_required() for info in infos)]

    @property
    def sandboxed(self) -> bool:
        """Whether a local server stands in for all that need an account."""
        named = [self.plugins[name].plugin for name in self.incomplete]
        return bool(named) and all(plugin.sandbox_peers is not Hooks.sandbox_peers for plugin in named)

    @property
    def requirements(self) -> list[str]:
        return [_pinned("pegboard", "server"), *(_pinned(name) for name in self._distributions)]

    @property
    def development(self) -> list[str]:
        return [_pinned("pegboard", "test"), *(_pinned(name, "sandbox") for name in self._distributions)]

    @property
    def _distributions(self) -> list[str]:
        return sorted({found.origin for found in self.plugins.values()})


def chosen(words: Iterable[str], installed: Installed) -> Chosen:
    """The plugins of these names, with everything that is wrong with the choice."""
    found = Chosen()
    for word in dict.fromkeys(words):
        name = word.replace("-", "_")
        if name in DEFAULT_BUILTINS:
            continue
        if name not in installed.names:
            choices = [other for other in installed.names if other not in DEFAULT_BUILTINS]
            known = suggestion(name, choices)
            found.problems.append(f"no plugin {word!r} is installed; {known}; or install its distribution first")
            continue
        loaded = installed.load(name)
        if isinstance(loaded, Problem):
            found.problems.append(str(loaded))
        else:
            found.plugins[name] = loaded
    found.problems += _unfit(found, installed)
    return found


def _unfit(found: Chosen, installed: Installed) -> Iterator[str]:
    """Plugins that require one that is not there, or cannot be enabled together."""
    builtins = {name: installed.load(name) for name in DEFAULT_BUILTINS}
    classes = {name: one.plugin for name, one in {**builtins, **found.plugins}.items() if isinstance(one, Found)}
    for problem in relation_problems(classes, installed.names):
        yield (
            f"{problem.plugin} {problem.message}: give it to --with too" if problem.key == "requires" else str(problem)
        )


def _pinned(name: str, *extras: str) -> str:
    extra = f"[{','.join(extras)}]" if extras else ""
    try:
        return f"{name}{extra}=={version(name).partition('+')[0]}"
    except PackageNotFoundError:  # it runs from its sources
        return f"{name}{extra}"


def _table(name: str, plugin: type[Plugin[Any]]) -> Table:
    model = plugin.Settings
    prefix = model.env_prefix or f"{name.upper()}_"
    needed = [(key, info) for key, info in model.model_fields.items() if info.is_required() or _is_fetched(info)]
    about = (plugin.__doc__ or name).strip().partition("\n")[0]
    required = [(key, info) for key, info in needed if info.is_required() and not is_secret(info)]
    lines = [f'# {key} = ""  # required: {info.description}' for key, info in required]
    variables = [Variable(env_names(model, prefix, key)[0], list(_comment(info))) for key, info in needed]
    return Table(name, about, [f"# {about}", *lines], variables)


def _is_fetched(info: FieldInfo) -> bool:
    """Whether somebody has to get the value somewhere."""
    return is_secret(info) or (isinstance(info.json_schema_extra, dict) and "where" in info.json_schema_extra)


def _comment(info: FieldInfo) -> Iterator[str]:
    extra = info.json_schema_extra if isinstance(info.json_schema_extra, dict) else {}
    where = f" Get it: {extra['where']}" if extra.get("where") else ""
    required = "Required. " if info.is_required() else ""
    yield from textwrap.wrap(f"{required}{info.description or ''}{where}", 110)
