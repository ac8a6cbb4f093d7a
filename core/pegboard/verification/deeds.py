"""The findings about what a plugin did while a board booted."""

from __future__ import annotations

import sys
from collections.abc import Iterable, Sequence
from importlib import metadata
from pathlib import Path

from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

from ..discovery import GROUP
from .child import Answer
from .subject import Subject
from .watch import Seen

_LATER = "do it on first use: in the function that a Provider makes its object with, in a view, or in a command"
_TEXTS = {
    "network": (
        "network",
        "connects at boot, to {}",
        "A board must start while the other side is down, and so must every command, test and worker.",
        _LATER,
    ),
    "database": (
        "network",
        "opens a database connection at boot, to {}",
        "Servers boot once and fork: the workers would share the connection. Commands must also work without a database.",
        _LATER,
    ),
    "program": (
        "network",
        "starts a program at boot: {}",
        "Every worker and every command would start it again, and nobody sees what it does.",
        _LATER,
    ),
    "thread": (
        "network",
        "starts a thread at boot ({})",
        "Servers boot once and fork: in their workers the thread is dead.",
        _LATER,
    ),
    "write": (
        "writes",
        "writes {} at boot",
        "A server may write nowhere but into the instance folder; elsewhere the plugin fails or leaves something behind.",
        "write below the instance folder (`current_board().plan.instance_path`), on first use",
    ),
}


def refused(seen: Iterable[Seen]) -> bool:
    """Whether something was tried that is not let through, so that the boot may have failed of that."""
    return any(one.kind in ("network", "program", "write") for one in seen)


def report_deeds(subject: Subject, seen: Sequence[Seen], answer: Answer) -> None:
    """One finding for each line of the plugin's that did something, with all that it did."""
    _report_imports(subject, [one for one in seen if one.kind == "import"], answer)
    places: dict[tuple[str, str], list[str]] = {}
    for one in seen:
        if one.kind != "import":
            where = subject.place(Path(one.path), one.line) if one.path else ""
            places.setdefault((one.kind, where), []).append(one.what)
    for (kind, where), things in places.items():
        check, what, why, remedy = _TEXTS[kind]
        answer.add(check, what.format(", ".join(dict.fromkeys(things))), why, remedy, where)


def _report_imports(subject: Subject, seen: Sequence[Seen], answer: Answer) -> None:
    homes = metadata.packages_distributions()
    ours = closure("pegboard")
    places: dict[tuple[str, int], list[str]] = {}
    for one in seen:
        owners = {str(canonicalize_name(owner)) for owner in homes.get(one.what, ())}
        foreign = owners and one.what in sys.modules and one.what not in sys.stdlib_module_names
        if foreign and not owners & ours and one.what != subject.package.partition(".")[0] and not _plugins(owners):
            places.setdefault((one.path, one.line), []).append(one.what)
    declared = closure(subject.distribution.name, extras=True) if subject.distribution else None
    for (path, line), (first, *others) in places.items():
        undeclared = declared is not None and not {canonicalize_name(owner) for owner in homes[first]} & declared
        more = f", and with it {', '.join(others)}" if others else ""
        answer.add(
            "imports",
            f"imports {first} at boot{more}" + (", which its distribution does not declare" if undeclared else ""),
            "Every start, worker and command pays for it in time and memory, whether or not it is used.",
            "import it inside the function that first needs it" + (", and declare it" if undeclared else ""),
            subject.place(Path(path), line) if path else "",
        )


def closure(name: str, *, extras: bool = False) -> set[str]:
    """A distribution and all that it needs, as far as it is installed; with its own extras or without."""
    found: set[str] = set()
    waiting: list[str] = [canonicalize_name(name)]
    while waiting:
        one = waiting.pop()
        if one in found:
            continue
        found.add(one)
        try:
            required = [Requirement(line) for line in metadata.requires(one) or ()]
        except metadata.PackageNotFoundError:  # wanted on other platforms only
            continue
        optional = extras and one == canonicalize_name(name)
        waiting += [canonicalize_name(need.name) for need in required if optional or "extra" not in str(need.marker)]
    return found


def _plugins(owners: Iterable[str]) -> bool:
    """Whether a distribution brings plugins: what a plugin requires is no vendor's library."""
    return any(metadata.distribution(owner).entry_points.select(group=GROUP) for owner in owners)
