"""The checks `disabled`, `prefixes` and `neighbours`: a board without the plugin, then with it among all that is enabled here."""

from __future__ import annotations

import sys
from collections.abc import Iterator, Sequence

from flask import Flask

from ..app import apply
from ..board import Plan
from ..collect import Entry
from ..discovery import Found, Installed
from ..rehearsal import Rehearsal, mount_point
from ..settings import DEFAULT_BUILTINS
from ..webhook_checks import RULE as WEBHOOKS
from . import lines
from .boards import found, plan_of, with_required
from .child import Answer, Task
from .overlap import Rule, overlapping
from .prefixes import report_prefixes
from .watch import Watch


def probe(task: Task, answer: Answer) -> None:
    """Boot the neighbours alone, look for the plugin, and bring it in."""
    task.begin("disabled")
    with Watch(task.subject.home, [task.folder]).watching():
        neighbours = _neighbours(task)
        before = plan_of(neighbours, task.folder)
        known = set() if before.problems else _served(apply(before))
        _report_imported(task, answer)
        task.begin("neighbours")
        one = found(task.subject.reference)
        assert isinstance(one, Found)  # noqa: S101 - it has booted
        others = {other.plugin.name: other for other in neighbours if other.plugin.name != one.plugin.name}
        together = others | with_required(one)
        after = plan_of(together.values(), task.folder)
        entry = after.entry(one.plugin.name)
        if entry is None:
            return
        rules = {each.name: _rules(each) for each in after.entries}
        task.begin("prefixes")
        report_prefixes(task, entry, [rule.rule for rule in rules[entry.name]], answer)
        if not (before.problems or after.problems):
            known.update([WEBHOOKS, *(rule.rule for each in rules.values() for rule in each)])
            _report_strays(task, entry, sorted(_served(apply(after)) - known), answer)
        task.begin("neighbours")
        _report_collisions(task, before, after, entry, answer)
        _report_overlaps(task, entry, rules, answer)


def _neighbours(task: Task) -> list[Found]:
    """The builtins, and what the deployment enables, but for the plugin itself and for what cannot be loaded."""
    installed = Installed()
    names = [name for name in (*DEFAULT_BUILTINS, *task.neighbours) if name != task.subject.reference]
    found = (installed.load(name) for name in dict.fromkeys(names))
    return [one for one in found if isinstance(one, Found) and not _requires(installed, one, task.subject.reference)]


def _requires(installed: Installed, one: Found, name: str) -> bool:
    return any(
        other == name or (isinstance(found := installed.load(other), Found) and _requires(installed, found, name))
        for other in one.plugin.requires
    )


def _report_imported(task: Task, answer: Answer) -> None:
    package = task.subject.package
    if any(name == package or name.startswith(f"{package}.") for name in sys.modules):
        answer.add(
            "disabled",
            f"{package} is imported by a board that does not enable it",
            "Importing it registers its models and runs its code in deployments that did not ask for it.",
            "no other plugin, .pth file or test plugin may import it; share what others need as a distribution of its own",
            task.subject.place(task.subject.home),
        )


def _rules(entry: Entry) -> list[Rule]:
    rehearsal = Rehearsal()
    for blueprint in entry.list("blueprints"):
        rehearsal.register_blueprint(blueprint, url_prefix=mount_point(entry, blueprint) or None)
    return [Rule(rule, methods, place) for rule, _, methods, _, place in rehearsal.noted]


def _served(app: Flask) -> set[str]:
    return {rule.rule for rule in app.url_map.iter_rules()}


def _report_strays(task: Task, entry: Entry, strays: Sequence[str], answer: Answer) -> None:
    if strays:
        answer.add(
            "prefixes",
            f"it adds {', '.join(strays)} to the application itself",
            "Nobody has checked whose addresses these are, and a deployment cannot hang them elsewhere.",
            "add it to a blueprint that the hook `blueprints` yields",
            lines.of_member(task.subject, entry.plugin, "app_ready"),
        )


def _report_collisions(task: Task, before: Plan, after: Plan, entry: Entry, answer: Answer) -> None:
    """What was well without it, and is not with it."""
    known = {(problem.plugin, problem.message) for problem in before.problems}
    for problem in after.problems:
        if (problem.plugin, problem.message) not in known and not problem.key.startswith("providers."):
            answer.add(
                "neighbours",
                f"{problem.plugin}: {problem.message}",
                "It cannot be enabled beside what is enabled here.",
                problem.remedy or "correct the plugin",
                lines.of_member(task.subject, entry.plugin, problem.key),
            )


def _report_overlaps(task: Task, entry: Entry, rules: dict[str, list[Rule]], answer: Answer) -> None:
    for other, theirs in rules.items():
        for mine, their in _pairs(rules[entry.name], theirs) if other != entry.name else ():
            answer.add(
                "neighbours",
                f"the URL {mine.rule} and {their.rule} of {other} answer some of the same addresses",
                "Which of the two answers is decided by the weights of their converters, not by either author.",
                "hang it below a prefix of its own, if that is not what you want",
                lines.of_member(task.subject, entry.plugin, "blueprints"),
                warning=True,
            )


def _pairs(mine: Sequence[Rule], theirs: Sequence[Rule]) -> Iterator[tuple[Rule, Rule]]:
    return ((one, other) for one in mine for other in theirs if overlapping(one, other))
