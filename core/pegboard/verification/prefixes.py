"""The check `prefixes`: whatever a plugin shares a space with carries its name, and no one else's."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import NamedTuple

from ..collect import Entry
from ..hookspecs import PROJECT
from ..settings import Env
from . import lines
from .child import Answer, Task
from .claims import Claim, claims_of_others, core_variables, owners
from .placeholders import own_fields

_WHY = "Two plugins with one name cannot be enabled together, or one silently takes what is the other's."


class Taken(NamedTuple):
    """Something that has not the plugin's name."""

    what: str
    remedy: str
    where: str
    warning: bool = False


def report_prefixes(task: Task, entry: Entry, rules: Iterable[str], answer: Answer) -> None:
    """One finding for each name that is not the plugin's to take."""
    claims = claims_of_others(entry.name)
    for taken in (
        *_tables(task, entry, claims),
        *_urls(task, entry, rules, claims),
        *_commands(task, entry, claims),
        *_variables(task, entry, claims),
        *_templates(task, entry),
        *_hooks(task, entry),
    ):
        answer.add("prefixes", taken.what, _WHY, taken.remedy, taken.where, warning=taken.warning)


def _tables(task: Task, entry: Entry, claims: list[Claim]) -> Iterator[Taken]:
    where = lines.of_class(task.subject, entry.plugin)
    for name in dict.fromkeys([*entry.plugin.tables, *(table.name for table in entry.tables)]):
        if name.startswith(f"{entry.name}_") or name == entry.name:
            continue
        remedy = f"call it {entry.name}_{name.removeprefix('_')}"
        if owner := next(owners(claims, "table", name), None):
            yield Taken(f"the table {name} is a name of {owner}", remedy, where)
        elif not task.subject.in_core:  # those of the core are the words that others must not take
            yield Taken(f"the table {name} does not carry its name", remedy, where, warning=True)


def _urls(task: Task, entry: Entry, rules: Iterable[str], claims: list[Claim]) -> Iterator[Taken]:
    where = lines.of_member(task.subject, entry.plugin, "blueprints")
    for rule in rules:
        own = f"{rule}/".startswith(f"/{entry.name.replace('_', '-')}/")
        if not own and (owner := next(owners(claims, "url", rule), None)):
            yield Taken(f"the URL {rule} is below what is {owner}'s", "hang it below a prefix of its own", where)


def _commands(task: Task, entry: Entry, claims: list[Claim]) -> Iterator[Taken]:
    where = lines.of_class(task.subject, entry.plugin)
    for claim in claims if entry.list("commands") else ():
        if entry.command == claim.command:
            yield Taken(f"its command {entry.command} is {claim.owner}'s", "set another word as `command`", where)


def _variables(task: Task, entry: Entry, claims: list[Claim]) -> Iterator[Taken]:
    model = entry.plugin.Settings
    own, cores = f"{entry.name.upper()}_", core_variables()
    if (prefix := model.env_prefix) is not None and prefix != own:
        if not prefix.endswith("_"):
            remedy = f"let it end with an underscore, or leave it out: it is then {own}"
            yield Taken(
                f"the prefix of its variables, {prefix!r}, has no end", remedy, lines.of_class(task.subject, model)
            )
        if owner := next(owners(claims, "variable", f"{prefix}_"), None):
            remedy = f"leave env_prefix out: it is then {own}"
            yield Taken(
                f"the prefix of its variables, {prefix!r}, is {owner}'s", remedy, lines.of_class(task.subject, model)
            )
    for key in own_fields(model):
        for marked in (item for item in model.model_fields[key].metadata if isinstance(item, Env)):
            for name in marked.names:
                owner = "core" if name in cores else next(owners(claims, "variable", name), None)
                if owner and not name.startswith(own):
                    where = lines.of_field(task.subject, model, key)
                    yield Taken(
                        f"the setting {key} is read from {name}, which is {owner}'s", f"read it from {own}…", where
                    )


def _templates(task: Task, entry: Entry) -> Iterator[Taken]:
    folder = entry.part("templates")
    for path in sorted(folder.rglob("*")) if folder else ():
        if folder and path.is_file() and path.relative_to(folder).parts[0] != entry.name:
            name = path.relative_to(folder)
            remedy = f"move it to templates/{entry.name}/; a deployment, not a plugin, replaces what others show"
            yield Taken(f"the template {name} is outside templates/{entry.name}/", remedy, task.subject.place(path))


def _hooks(task: Task, entry: Entry) -> Iterator[Taken]:
    brought = entry.plugin.hookspecs
    for name, member in vars(brought).items() if brought else ():
        if hasattr(member, f"{PROJECT}_spec") and not name.startswith(f"{entry.name}_"):
            where = lines.of_member(task.subject, brought, name) if brought else ""
            yield Taken(f"it brings a hook called {name}", f"call it {entry.name}_{name}", where)
