"""What a new plugin may provide: the capabilities of the enabled plugins, and where their constants are."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from dataclasses import dataclass
from types import ModuleType
from typing import Any

from ...board import Plan
from ...collect import Entry
from ...contracts.capability import Capability
from ...settings import suggestion


@dataclass(frozen=True, slots=True)
class Offered:
    """A capability, the plugin that brings it, and how to import it: `from <module> import <constant>`.

    `distribution` is what the new one has to depend on, if anything.
    """

    word: str
    contract: type
    owner: str
    module: str
    constant: str
    distribution: str = ""


def offered(plan: Plan, word: str) -> Offered | str:
    """The capability of that name, or what is wrong with it."""
    found = {item.name: (entry, item) for entry, item in _brought(plan)}
    if word not in found:
        unasked = [entry.name for entry in plan.entries if entry.problems]
        also = f" ({', '.join(unasked)} could not be asked: see pegboard doctor)" if unasked else ""
        return f"no enabled plugin brings the capability {word!r}; {suggestion(word, sorted(found))}{also}"
    entry, capability = found[word]
    if capability.contract is None:
        return f"the capability {word!r} of {entry.name} names no contract, so there is nothing to make methods from"
    place = _place(entry, capability)
    if place is None:
        return f"the capability {word!r} is no constant in a module of {entry.name}, so it cannot be imported"
    distribution = "" if entry.builtin or ":" in entry.origin else entry.origin
    return Offered(word, capability.contract, entry.name, *place, distribution)


def _brought(plan: Plan) -> Iterator[tuple[Entry, Capability[Any]]]:
    for entry in plan.active:
        for capability in entry.list("capabilities"):
            yield entry, capability


def _place(entry: Entry, capability: Capability[Any]) -> tuple[str, str] | None:
    """The module and the name it has there: beside its contract, else anywhere in the package that brings it."""
    package = entry.plugin.__module__.partition(".")[0]
    beside = capability.contract.__module__ if capability.contract else ""
    own = sorted(name for name in sys.modules if name == package or name.startswith(f"{package}."))
    for name in dict.fromkeys([beside, entry.plugin.__module__, *own]):
        if constant := _named(sys.modules.get(name), capability):
            return name, constant
    return None


def _named(module: ModuleType | None, capability: Capability[Any]) -> str:
    names = vars(module) if module else {}
    return next((name for name, value in names.items() if value is capability and not name.startswith("_")), "")
