"""What one plugin contributes: every hook called once and its result made a list, where the culprit is known."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from importlib import import_module
from importlib.util import find_spec
from pathlib import Path
from time import process_time
from typing import TYPE_CHECKING, Any, Literal

import pluggy

from .errors import BoardFrozen, Problem
from .events.naming import hook_of
from .hookspecs import EVENTS, PROJECT, Hooks, hears
from .ownership import model_problems, tables_of
from .plugin import Plugin
from .resolution import Resolved
from .settings import PluginSettings

if TYPE_CHECKING:
    from sqlalchemy import Table

State = Literal["enabled", "failed", "installed"]
_MAPPINGS = ("template_globals", "content_security_policy")
_ITEMS = {
    "blueprints": ("flask", "Blueprint"),
    "commands": ("click", "Command"),
    "capabilities": ("pegboard.contracts.capability", "Capability"),
    "providers": ("pegboard.contributions", "Provider"),
    "permissions": ("pegboard.contributions", "Permission"),
    "user_source": ("pegboard.contributions", "UserSource"),
    "nav_items": ("pegboard.contributions", "NavItem"),
    "slots": ("pegboard.contributions", "Slot"),
    "health_checks": ("pegboard.contributions", "HealthCheck"),
    "jobs": ("pegboard.contributions", "Job"),
    "sandbox_peers": ("pegboard.contributions", "SandboxPeer"),
    "stored_folders": ("pathlib", "Path"),
    "webhook_sources": ("pegboard.contributions", "WebhookSource"),
}
VETOES = ("check_file",)
_NOT_COLLECTED = ("app_ready", *VETOES, *EVENTS)
_IGNORED = ("specname", "tryfirst", "trylast", "wrapper", "hookwrapper")
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
    handlers: dict[str, Callable[..., Any]] = field(default_factory=dict)
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
        return next((Path(place) for place in spec.submodule_search_locations or ()), None) if spec else None

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

    frozen = False

    def parse_hookimpl_opts(self, plugin: object, name: str) -> Any:
        if name.startswith("_"):
            return None
        method = getattr(type(plugin), name, None)
        if name in vars(Hooks) and method is vars(Hooks)[name]:
            return None
        return getattr(method, f"{PROJECT}_impl", None)

    def register(self, plugin: object, name: str | None = None) -> str | None:
        if self.frozen:
            raise BoardFrozen("the board has booted: list the plugin in `plugins` instead of registering it")
        return super().register(plugin, name)


def bring_hooks(entry: Entry, manager: PluginManager) -> list[Problem]:
    """Add the hooks that a plugin brings for others to implement, those of its events among them."""
    if entry.plugin.hookspecs is None:
        return []
    try:
        manager.add_hookspecs(entry.plugin.hookspecs)
    except (ValueError, AssertionError) as error:
        message = str(error) or "brings a hook that another plugin brings already"
        return [Problem(message, entry.name, "hookspecs", entry.origin, "mark its methods with @hookspec")]
    return list(_misnamed_events(entry))


def _misnamed_events(entry: Entry) -> Iterator[Problem]:
    for name, spec in vars(entry.plugin.hookspecs).items():
        heard = hears(spec)
        if heard and (hook_of(heard) != name or not name.startswith(f"{entry.name}_")):
            remedy = f"call the class {entry.name.title().replace('_', '')}…, and its hook like it: {hook_of(heard)}"
            message = f"the hook {name!r} is not named after the event {heard!r}, or not after the plugin"
            yield Problem(message, entry.name, "hookspecs", entry.origin, remedy)


def events_of(manager: PluginManager) -> list[str]:
    """The hooks of all events that can happen on this board."""
    callers = ((name, caller) for name, caller in vars(manager.hook).items() if name not in vars(Hooks))
    own = [name for name, caller in callers if caller.has_spec() and hears(caller.spec.function)]
    return [*EVENTS, *own]


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
        entry.tables = tables_of(entry.plugin, package_of(entry.plugin))
        for step in COLLECTED:
            if (implementation := _implementation(manager, step, entry.instance)) is not None:
                result = implementation()
                entry.contributions[step] = _materialised(step, result)
        for step in VETOES:
            if (implementation := _implementation(manager, step, entry.instance)) is not None:
                entry.contributions[step] = [implementation]
        step = "its handlers"
        entry.handlers = _handlers(manager, entry.instance)
    except Exception as error:  # noqa: BLE001 - whatever an author's code raises, the others go on
        if manager.has_plugin(entry.name):
            manager.unregister(name=entry.name)
        entry.contributions.clear()
        entry.handlers.clear()
        entry.tables = ()
        return [
            Problem(
                f"{step} raised {type(error).__name__}: {error}", entry.name, step, entry.origin, "correct the plugin"
            )
        ]
    finally:
        entry.seconds += process_time() - started
    return [*_unknown_hooks(entry, manager), *model_problems(entry.plugin, package_of(entry.plugin))]


def preview(entry: Entry) -> list[str]:
    """Collect from a plugin whose settings are not complete, for a look at it; the hooks that cannot answer without."""
    model = entry.plugin.Settings
    resolved = entry.settings
    known = {key: value for key, value in (resolved.found if resolved else {}).items() if key in model.model_fields}
    wrong = {problem.key for problem in resolved.problems} if resolved else set()
    instance = entry.plugin(model.model_construct(**{key: value for key, value in known.items() if key not in wrong}))
    silent = []
    for hook in COLLECTED:
        method = getattr(instance, hook)
        if hasattr(method, f"{PROJECT}_impl"):
            try:
                entry.contributions[hook] = _materialised(hook, method())
            except Exception:  # noqa: BLE001 - it may well need the setting that is missing
                silent.append(hook)
    entry.tables = tables_of(entry.plugin, package_of(entry.plugin))
    return silent


def _implementation(manager: PluginManager, hook: str, instance: Plugin[Any]) -> Callable[..., Any] | None:
    caller = getattr(manager.hook, hook)
    return next((impl.function for impl in caller.get_hookimpls() if impl.plugin is instance), None)


def _handlers(manager: PluginManager, instance: Plugin[Any]) -> dict[str, Callable[..., Any]]:
    """What the plugin does about each event that it hears."""
    callers = manager.get_hookcallers(instance) or ()
    found = (caller.name for caller in callers if caller.spec is not None and hears(caller.spec.function))
    return {name: hook for name in found if (hook := _implementation(manager, name, instance)) is not None}


def _materialised(hook: str, result: Any) -> Any:
    if hook == "user_source":
        return _typed(hook, result)
    if hook not in _MAPPINGS:
        return [_typed(hook, item) for item in result]
    if not isinstance(result, Mapping):
        raise TypeError(f"returned {type(result).__name__}, not a mapping")
    if hook == "template_globals":
        for name, value in result.items():
            if not callable(value):
                raise TypeError(f"{name!r} is not a function")
        return dict(result)
    for directive, values in result.items():
        if isinstance(values, str):
            raise TypeError(f"{directive} is one string; write a list of sources")
    return {directive: tuple(values) for directive, values in result.items()}


def _typed(hook: str, item: Any) -> Any:
    """Refuse an item of another class here, where the culprit is known."""
    home, name = _ITEMS[hook]
    kind: type = getattr(import_module(home), name)
    if not isinstance(item, kind):
        raise TypeError(f"gave {type(item).__name__}, not {name}")
    return item


def _unknown_hooks(entry: Entry, manager: PluginManager) -> list[Problem]:
    from .settings import suggestion

    problems = []
    for name, caller in list(vars(manager.hook).items()):
        if name.startswith("_") or caller.has_spec():
            continue
        for impl in caller.get_hookimpls():
            if impl.plugin is entry.instance and not impl.optionalhook:
                specified = [known for known, other in vars(manager.hook).items() if other.has_spec()]
                remedy = suggestion(name, specified)
                problems.append(Problem(f"implements an unknown hook {name!r}", entry.name, name, entry.origin, remedy))
    for name in dir(entry.plugin):
        options = getattr(getattr(entry.plugin, name), f"{PROJECT}_impl", None)
        if isinstance(options, dict) and any(options.get(option) for option in _IGNORED):
            message = f"the hook {name} is marked with an option that means nothing here"
            remedy = f"write @hookimpl or @hookimpl(optionalhook=True), without {', '.join(_IGNORED)}"
            problems.append(Problem(message, entry.name, name, entry.origin, remedy))
    for name in (*COLLECTED, *_NOT_COLLECTED):
        method = getattr(entry.plugin, name)
        if method is not vars(Hooks)[name] and not hasattr(method, f"{PROJECT}_impl"):
            problems.append(
                Problem(f"{name} lacks @hookimpl", entry.name, name, entry.origin, f"put @hookimpl before {name}")
            )
    return problems
