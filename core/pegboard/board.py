"""The plan of a board: which plugins take part, in which order, and why not. It exists without Flask and never raises."""

from __future__ import annotations

import sys
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path

from . import checks
from .collect import Entry, PluginManager, bring_hooks, collect
from .discovery import Found, Installed, Reference
from .errors import ConfigError, Dangling, Problem
from .hookspecs import PROJECT, Hooks
from .ordering import order, relation_problems
from .resolution import Resolved, resolve
from .settings import DEFAULT_BUILTINS, BoardSettings, PluginSettings, suggestion
from .sources import Sources


@dataclass(slots=True)
class Plan:
    """Everything known before Flask is touched. `entries` are the enabled plugins in boot order, failed ones included."""

    sources: Sources
    board: Resolved[BoardSettings]
    installed: Installed
    entries: list[Entry] = field(default_factory=list)
    problems: list[Problem] = field(default_factory=list)
    manager: PluginManager | None = None

    @property
    def settings(self) -> BoardSettings:
        """The board's own settings; ConfigError where they are not valid."""
        if self.board.value is None:
            raise ConfigError(self.problems)
        return self.board.value

    @property
    def safe(self) -> bool:
        """Whether every plugin may be skipped, whatever its own `on_failure` says."""
        return self.board.value is not None and self.board.value.safe

    @property
    def folder(self) -> Path:
        """The folder of `pegboard.toml`: relative paths start there."""
        return self.sources.folder

    @property
    def instance_path(self) -> Path:
        """The folder the board writes to, absolute."""
        return (self.folder / self.settings.instance_path).resolve()

    @property
    def database_url(self) -> str:
        """Where the database is: the setting, or SQLite in the instance folder, one file per environment."""
        from sqlalchemy import make_url

        url = self.settings.database_url or f"sqlite:///{self.instance_path / f'{self.settings.env}.db'}"
        parsed = make_url(url)
        if parsed.get_backend_name() == "sqlite" and parsed.database and parsed.database != ":memory:":
            parsed = parsed.set(database=str(self.folder / parsed.database))
        if parsed.drivername in ("postgresql", "postgres"):
            parsed = parsed.set(drivername="postgresql+psycopg")
        return parsed.render_as_string(hide_password=False)

    @property
    def uses_database(self) -> bool:
        """Whether it has a database at all: a plugin has tables or something to do later, or the deployment names one."""
        later = ("jobs", "webhook_sources")
        return bool(self.settings.database_url) or any(
            entry.tables or entry.handlers or any(entry.list(hook) for hook in later) for entry in self.active
        )

    @property
    def active(self) -> list[Entry]:
        """The plugins that take part, in boot order."""
        return [entry for entry in self.entries if entry.state == "enabled"]

    @property
    def failed(self) -> list[Entry]:
        """The plugins that were left out, in boot order."""
        return [entry for entry in self.entries if entry.state == "failed"]

    def entry(self, name: str) -> Entry | None:
        """The entry of an enabled plugin, failed or not."""
        return next((entry for entry in self.entries if entry.name == name), None)

    def contributed(self, hook: str) -> Iterator[tuple[Entry, object]]:
        """Each contribution to a hook with the plugin that made it, in boot order."""
        for entry in self.active:
            for item in entry.list(hook):
                yield entry, item

    def require(self) -> None:
        """Raise ConfigError where anything prevents the board from booting."""
        if self.problems:
            raise ConfigError(self.problems)


def assemble(
    sources: Sources, *, settings: BoardSettings | None = None, plugins: Sequence[Reference] | None = None
) -> Plan:
    """Resolve, settings, collect, check: the first four phases of a boot. Everything wrong is in `problems`."""
    _make_importable(sources.folder)
    board = resolve(BoardSettings, sources, plugin="pegboard", table="pegboard", prefix="PEGBOARD_")
    if settings is not None:
        board = Resolved(settings, settings, origins=board.origins)
    plan = Plan(sources, board, Installed(sources.folder), problems=[*sources.problems, *board.problems])
    plan.problems += checks.environment_problems(board, sources)
    _resolve(plan, _references(board, plugins))
    _settings(plan)
    board.warnings += _stray_tables(plan)
    plan.problems += [problem for problem in sources.problems if problem not in plan.problems]
    _collect(plan)
    _check(plan)
    return plan


def _make_importable(folder: Path) -> None:
    """The deployment's own plugins are beside `pegboard.toml`, which a console script does not look at."""
    if str(folder) not in sys.path:
        sys.path.append(str(folder))


def _references(board: Resolved[BoardSettings], plugins: Sequence[Reference] | None) -> list[tuple[Reference, str]]:
    """Builtins, then plugins, each with the place that names it."""
    settings = board.usable or BoardSettings()
    outside = settings.plugins if plugins is None else plugins
    listed = [*((name, "builtins") for name in settings.builtins), *((name, "plugins") for name in outside)]
    origins = {key: str(origin) for key, origin in board.origins.items() if origin.name}
    return [(reference, origins.get(key, "")) for reference, key in listed]


def _resolve(plan: Plan, references: Iterable[tuple[Reference, str]]) -> None:
    found: dict[str, Found] = {}
    for reference, source in dict(references).items():
        result = plan.installed.load(reference)
        if isinstance(result, Problem):
            problem = replace(result, source=result.source or source)
            plan.entries.append(_absent(problem, _on_failure(plan, problem.plugin)))
            _blame(plan, [problem])
            continue
        other = found.setdefault(result.plugin.name, result)
        if other is not result:
            origins = f"{other.origin} and {result.origin}"
            twice = Problem(f"two enabled plugins have this name: {origins}", result.plugin.name, "name")
            if plan.safe:
                twice = replace(twice, plugin=result.origin)
                plan.entries.append(_absent(twice, "skip"))
            _blame(plan, [twice])
    classes = {name: item.plugin for name, item in found.items()}
    for name in order(classes):
        item = found[name]
        builtin = name in DEFAULT_BUILTINS and item.plugin.__module__.startswith("pegboard.builtin.")
        on_failure = _on_failure(plan, name)
        plan.entries.append(Entry(name, item.plugin, item.origin, item.version, builtin, on_failure))
    failed = [entry.name for entry in plan.failed]
    _blame(plan, [p for p in relation_problems(classes, plan.installed.names) if not _explained(p, classes, failed)])
    _cascade(plan)


def _on_failure(plan: Plan, name: str) -> str:
    """What the deployment wants, as far as it can be known before the plugin's settings class is."""
    wanted = plan.sources.variable(f"{name.upper()}_ON_FAILURE") or plan.sources.table_value(name, "on_failure")
    return "skip" if plan.safe or wanted == "skip" else "abort"


def _absent(problem: Problem, on_failure: str) -> Entry:
    """A plugin whose class could not be loaded."""
    from .plugin import Plugin

    return Entry(problem.plugin, Plugin, problem.source, on_failure=on_failure, state="failed")


def _explained(problem: Problem, classes: object, failed: list[str]) -> bool:
    """A requirement that is missing because its plugin failed is reported by the cascade."""
    return problem.key == "requires" and any(f"{name!r}" in problem.message for name in failed)


def _settings(plan: Plan) -> None:
    for entry in plan.active:
        model = entry.plugin.Settings
        prefix = model.env_prefix or f"{entry.name.upper()}_"
        entry.settings = resolve(model, plan.sources, plugin=entry.name, table=entry.name, prefix=prefix)
        if isinstance(entry.settings.value, PluginSettings) and not plan.safe:
            entry.on_failure = entry.settings.value.on_failure
        _blame(plan, entry.settings.problems)
    _cascade(plan)


def _stray_tables(plan: Plan) -> list[Problem]:
    """Tables that no plugin, enabled or installed, will ever read: most often a misspelt name."""
    known = {"pegboard", *plan.installed.names, *(entry.name for entry in plan.entries)}
    if any(":" in name for name in known):
        return []  # a class that could not be imported: its table is under a name we do not know
    return [
        Problem(f"no plugin reads the table [{name}]", name, "", label, suggestion(name, sorted(known)))
        for label, tables in (*plan.sources.tables, ("code", plan.sources.given))
        for name in tables
        if name not in known
    ]


def _collect(plan: Plan) -> None:
    plan.manager = manager = PluginManager(PROJECT)
    manager.add_hookspecs(Hooks)
    for entry in plan.active:
        _blame(plan, bring_hooks(entry, manager))
    for entry in reversed(plan.active):  # the manager calls the last registered first
        if entry.settings and entry.settings.value is not None and not entry.problems:
            _blame(plan, collect(entry, manager))
    _cascade(plan)


def _check(plan: Plan) -> None:
    """Check the union; leave out what may be skipped, and check again what remains."""
    incomplete = any(entry.problems and entry.on_failure == "abort" for entry in plan.entries) or any(
        problem.key in ("builtins", "plugins") for problem in plan.board.problems
    )
    while True:
        before = len(plan.active)
        problems = checks.union_problems(plan.active, plan.board.usable)
        known = {(problem.plugin, problem.message) for problem in plan.problems}
        fresh = [problem for problem in problems if (problem.plugin, problem.message) not in known]
        spared = [one for one in fresh if isinstance(one, Dangling) and (incomplete or _is_tolerated(plan, one))]
        _blame(plan, [problem for problem in fresh if problem not in spared])
        _cascade(plan)
        if len(plan.active) == before:
            plan.board.warnings += [problem for problem in spared if _is_tolerated(plan, problem)]
            return


def _is_tolerated(plan: Plan, problem: Problem) -> bool:
    """In safe mode a provider that the deployment chose may be off: what asks for it fails, the rest runs."""
    return plan.safe and problem.plugin == "pegboard"


def _blame(plan: Plan, problems: Iterable[Problem]) -> None:
    """Charge problems to their plugins: one that may be skipped fails alone, any other keeps the board from booting."""
    for problem in problems:
        entry = plan.entry(problem.plugin)
        if entry is not None:
            entry.problems.append(problem)
        if entry is not None and entry.on_failure == "skip":
            _fail(plan, entry)
        else:
            plan.problems.append(problem)


def _fail(plan: Plan, entry: Entry) -> None:
    entry.state = "failed"
    if plan.manager is not None and plan.manager.has_plugin(entry.name):
        plan.manager.unregister(name=entry.name)


def _cascade(plan: Plan) -> None:
    """What requires a failed plugin fails with it, and says so."""
    for entry in plan.active:  # boot order: a requirement comes before what requires it
        for name in entry.plugin.requires:
            required = plan.entry(name)
            if required is not None and required.state == "failed":
                message = f"requires {name!r}, which failed"
                entry.problems.append(Problem(message, entry.name, "requires", "", f"mend {name!r} first"))
                _fail(plan, entry)
                break
