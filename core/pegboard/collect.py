"""What one plugin contributes: every hook called once and its result made a list, where the culprit is known."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from importlib import import_module
from importlib.util import find_spec
from pathlib import Path
from time import process_time
from typing import TYPE_CHECKING, Any, Literal

import pluggy

from .errors import Problem
from .hookspecs import PROJECT, Hooks
from .plugin import Plugin
from .settings import PluginSettings, Resolved

if TYPE_CHECKING:
    from sqlalchemy import Table

State = Literal["enabled", "failed", "installed"]
_MAPPINGS = ("template_globals", "content_security_policy")
_NOT_COLLECTED = ("app_ready",)
COLLECTED = tuple(
    name for name in vars(Hooks) if hasattr(vars(Hooks)[name], f"{PROJECT}_spec") and name not in _NOT_COLLECTED
)


@dataclass(slots=True)
class Entry:
    """One plugin of a plan: what it is, whether it takes part, and what it contributes."""

    name: str
    plugin: type[Plugin[Any]]
    origin: str
    version: str = ""
    builtin: bool = False
    on_failure: str = "abort"
    state: State = "enabled"
    problems: list[Problem] = field(default_factory=list)
    settings: Resolved[PluginSettings] | None = None
    instance: Plugin[Any] | None = None
    contributions: dict[str, Any] = field(default_factory=dict)
    tables: tuple[Table, ...] = ()
    seconds: float = 0.0

    @property
    def url_prefix(self) -> str:
        """Where its blueprints hang: the deployment's choice, its own, or its name with dashes."""
        chosen = self.settings.value.url_prefix if self.settings and self.settings.value else None
        if chosen is not None:
            return chosen
        return f"/{self.name.replace('_', '-')}" if self.plugin.url_prefix is None else self.plugin.url_prefix

    @property
    def command(self) -> str:
        """The word of its command group."""
        return self.plugin.command or self.name.replace("_", "-")

    @property
    def folder(self) -> Path | None:
        """The folder with its templates, static files and migrations, if it has a package of its own."""
        package = package_of(self.plugin)
        spec = find_spec(package) if package else None
        return Path(spec.origin).parent if spec and spec.origin else None

    def part(self, name: str) -> Path | None:
        """A folder of the plugin (`templates`, `static`, `migrations`), if there is one."""
        path = self.folder / name if self.folder else None
        return path if path and path.is_dir() else None

    def list(self, hook: str) -> list[Any]:
        """What the plugin returned from a hook that yields many."""
        found: list[Any] = self.contributions.get(hook, [])
        return found


class PluginManager(pluggy.PluginManager):
    """Looks for implementations in the plugin's own class only: inherited specifications are not inspected one by one."""

    def parse_hookimpl_opts(self, plugin: object, name: str) -> Any:
        if name.startswith("_"):
            return None
        method = getattr(type(plugin), name, None)
        if name in vars(Hooks) and method is vars(Hooks)[name]:
            return None
        return getattr(method, f"{PROJECT}_impl", None)


def new_manager(plugins: Iterable[type[Plugin[Any]]]) -> PluginManager:
    """A plugin manager that knows the core's hooks and those that plugins bring."""
    manager = PluginManager(PROJECT)
    manager.add_hookspecs(Hooks)
    for plugin in plugins:
        if plugin.hookspecs is not None:
            manager.add_hookspecs(plugin.hookspecs)
    return manager


def package_of(plugin: type[Plugin[Any]]) -> str | None:
    """The package a plugin's other files are in: the one around a module that is called `plugin`."""
    package, _, module = plugin.__module__.rpartition(".")
    return package if module == "plugin" and package else None


def collect(entry: Entry, manager: PluginManager) -> list[Problem]:
    """Make the instance, register it, import its models, call its hooks. A plugin with problems is left unregistered."""
    started = process_time()
    settings = entry.settings.value if entry.settings else None
    step = "its constructor"
    try:
        entry.instance = entry.plugin(settings)
        step = "its hooks"
        manager.register(entry.instance, entry.name)
        step = "models.py"
        entry.tables = _tables(entry)
        for step in COLLECTED:
            if (implementation := _implementation(manager, step, entry.instance)) is not None:
                result = implementation()
                entry.contributions[step] = _materialised(step, result)
    except Exception as error:  # noqa: BLE001 - whatever an author's code raises, the others go on
        if manager.has_plugin(entry.name):
            manager.unregister(name=entry.name)
        entry.contributions.clear()
        return [
            Problem(
                f"{step} raised {type(error).__name__}: {error}", entry.name, step, entry.origin, "correct the plugin"
            )
        ]
    finally:
        entry.seconds += process_time() - started
    return _unknown_hooks(entry, manager)


def _implementation(manager: PluginManager, hook: str, instance: Plugin[Any]) -> Callable[[], Any] | None:
    caller = getattr(manager.hook, hook)
    return next((impl.function for impl in caller.get_hookimpls() if impl.plugin is instance), None)


def _materialised(hook: str, result: Any) -> Any:
    if hook == "user_source":
        return result
    if hook in _MAPPINGS:
        if not isinstance(result, Mapping):
            raise TypeError(f"returned {type(result).__name__}, not a mapping")
        return {key: value if callable(value) else tuple(value) for key, value in result.items()}
    return list(result)


def _tables(entry: Entry) -> tuple[Table, ...]:
    package = package_of(entry.plugin)
    if not package or find_spec(f"{package}.models") is None:
        return ()
    import_module(f"{package}.models")
    from .db.models import metadata

    return tuple(table for table in metadata.sorted_tables if table.info.get("owner") == entry.name)


def _unknown_hooks(entry: Entry, manager: PluginManager) -> list[Problem]:
    from .settings import suggestion

    problems = []
    for name, caller in list(vars(manager.hook).items()):
        if name.startswith("_") or caller.has_spec():
            continue
        for impl in caller.get_hookimpls():
            if impl.plugin is entry.instance and not impl.optionalhook:
                remedy = suggestion(name, [*vars(Hooks), *(vars(entry.plugin.hookspecs or object))])
                problems.append(Problem(f"implements an unknown hook {name!r}", entry.name, name, entry.origin, remedy))
    return problems
