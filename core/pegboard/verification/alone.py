"""The checks `boot`, `imports`, `network` and `writes`: a board with the plugin and what it requires, twice, under watch."""

from __future__ import annotations

from collections.abc import Sequence
from importlib import import_module
from time import process_time
from typing import Any

from flask import Flask

from ..app import apply
from ..collect import Entry
from ..discovery import Found
from ..errors import ConfigError, Problem
from ..live import board_of
from ..settings import is_secret
from . import lines
from .boards import found, plan_of, with_required
from .child import Answer, Task
from .deeds import refused, report_deeds
from .placeholders import own_fields, placeholders
from .watch import Watch

_STOPS = "A board that enables it does not start."
_TWICE = "Tests, and servers that load an application again, make several boards in one process."


def probe(task: Task, answer: Answer) -> None:
    """Boot, and say what was done on the way."""
    import_module("pegboard.db")  # what a board with tables and pages imports is not this plugin's doing
    _seconds(task, ())
    watch = Watch(task.subject.home, [task.folder / "instance"])
    task.begin("boot")
    try:
        _boot(task, watch, answer)
    finally:
        report_deeds(task.subject, watch.seen, answer)
        if refused(watch.seen) and not answer.facts.get("boots"):
            answer.findings = [finding for finding in answer.findings if finding.check != "boot"]
            answer.skipped["boot"] = "it does not boot where what it tries is refused"


def _boot(task: Task, watch: Watch, answer: Answer) -> None:
    started = process_time()
    with watch.watching():
        one = found(task.subject.reference)
    importing = process_time() - started
    if isinstance(one, Problem):
        answer.add("boot", one.message, _STOPS, one.remedy or "correct the plugin", one.source)
        return
    answer.facts.update(_facts(one))
    if unfilled := placeholders(one.plugin.Settings).unfilled:
        _report_unfilled(task, one, unfilled, answer)
        return
    together = list(with_required(one).values())
    without = [_seconds(task, together[:-1]) for _ in range(2)][-1]
    with watch.watching():
        started = process_time()
        first = _booted(task, one, together, answer)
        booting = process_time() - started
        second = _booted(task, one, together, answer, again=True) if first else None
    if first and second and (differing := _differing(_added(first, one), _added(second, one))):
        what = f"a second board in the same process gets other {differing} than the first"
        remedy = "make what a hook returns anew at each call, and keep state on the plugin's instance"
        answer.add("boot", what, _TWICE, remedy, lines.of_class(task.subject, one.plugin))
    answer.facts["boots"] = first is not None
    if first:
        answer.facts.update(_more_facts(first, one))
    answer.facts["boot_ms"] = round(max(0.0, importing + booting - without) * 1000, 1)


def _seconds(task: Task, plugins: Sequence[Found]) -> float:
    """Processor time of a boot without the plugin. What is wrong with the others shows when it is booted with them."""
    started = process_time()
    plan = plan_of(plugins, task.folder)
    if not plan.problems:
        apply(plan)
    return process_time() - started


def _facts(one: Found) -> dict[str, Any]:
    model = one.plugin.Settings
    own = {key: model.model_fields[key] for key in own_fields(model)}
    asked = [
        key
        for key, info in own.items()
        if is_secret(info) or (isinstance(info.json_schema_extra, dict) and info.json_schema_extra.get("where"))
    ]
    return {"name": one.plugin.name, "settings": list(own), "keys": asked}


def _report_unfilled(task: Task, one: Found, unfilled: Sequence[str], answer: Answer) -> None:
    answer.add(
        "boot",
        f"no values for its required settings could be made from their types: {', '.join(unfilled)}",
        "Neither this verification nor an author's test can boot it without real keys.",
        "give each such field a made-up value of the right form: Field(examples=[…])",
        lines.of_field(task.subject, one.plugin.Settings, unfilled[0]),
    )


def _booted(task: Task, one: Found, together: Sequence[Found], answer: Answer, *, again: bool = False) -> Flask | None:
    why = f"{_TWICE} The first worked, this one did not." if again else _STOPS
    try:
        plan = plan_of(together, task.folder)
        plan.require()
        return apply(plan)
    except ConfigError as error:
        for problem in error.problems:
            where = (error.__cause__ and lines.of_error(task.subject, error.__cause__)) or _where(task, one, problem)
            answer.add("boot", _said(problem), why, problem.remedy or "correct the plugin", where)
    except Exception as error:  # noqa: BLE001 - whatever an author's code raises is what is to be mended
        what = f"booting raises {type(error).__name__}: {error}"
        answer.add("boot", what, why, "correct the plugin", lines.of_error(task.subject, error))
    return None


def _said(problem: Problem) -> str:
    return f"{problem.plugin}.{problem.key}: {problem.message}" if problem.key else problem.message


def _where(task: Task, one: Found, problem: Problem) -> str:
    if problem.plugin != one.plugin.name:
        return problem.source
    if problem.key in one.plugin.Settings.model_fields:
        return lines.of_field(task.subject, one.plugin.Settings, problem.key)
    return lines.of_member(task.subject, one.plugin, problem.key)


def _added(app: Flask, one: Found) -> dict[str, Any]:
    """What the plugin has added to a board, by kind, in a form that can be compared."""
    entry: Entry | None = board_of(app).plan.entry(one.plugin.name)
    contributions = entry.contributions if entry else {}
    counted = {hook: len(items) for hook, items in contributions.items() if isinstance(items, list | dict)}
    return {"URLs": sorted(f"{rule.rule} {rule.endpoint}" for rule in app.url_map.iter_rules()), **counted}


def _more_facts(app: Flask, one: Found) -> dict[str, Any]:
    entry = board_of(app).plan.entry(one.plugin.name)
    if entry is None:
        return {}
    provided = [provider.capability.name for provider in entry.list("providers")]
    return {"provides": provided, "migrates": bool(entry.tables or entry.part("migrations"))}


def _differing(first: dict[str, Any], second: dict[str, Any]) -> str:
    return ", ".join(kind for kind in first if first[kind] != second.get(kind))
