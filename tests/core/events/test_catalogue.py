"""The catalogue of events: each has a sentence, fields that can be stored, a hook named like it, and a test."""

from __future__ import annotations

import inspect
import re
from dataclasses import fields, is_dataclass
from datetime import UTC, datetime
from pathlib import Path
from types import UnionType
from typing import Any, get_args, get_origin, get_type_hints
from uuid import uuid4

import pytest

from pegboard import events
from pegboard.events import Event, hook_of
from pegboard.events.coding import decoded, encoded
from pegboard.hookspecs import EVENTS, Hooks
from pegboard.money import Money

ROOT = Path(__file__).resolve().parents[3]
KINDS = [
    kind
    for name in events.__all__
    if isinstance(kind := getattr(events, name), type) and issubclass(kind, Event) and kind is not Event
]
each = pytest.mark.parametrize("kind", KINDS, ids=lambda kind: kind.__name__)
EXAMPLES = {
    str: "word", int: 7, bool: True, datetime: datetime(2026, 3, 1, 12, tzinfo=UTC), Money: Money(1050, "EUR"), type(uuid4()): uuid4(),
}  # fmt: skip


def example(kind: type[Event]) -> Event:
    hints = get_type_hints(kind)
    values: dict[str, Any] = {one.name: EXAMPLES[_plain(hints[one.name])] for one in fields(kind)}
    return kind(**values)


def _plain(hint: Any) -> Any:
    return get_args(hint)[0] if get_origin(hint) is UnionType else hint


def test_every_event_has_a_hook_and_every_hook_an_event() -> None:
    assert {hook_of(kind.__name__): kind.__name__ for kind in KINDS} == EVENTS


@each
def test_an_event_is_frozen_and_says_what_has_happened(kind: type[Event]) -> None:
    assert is_dataclass(kind)
    assert kind.__dataclass_params__.frozen  # type: ignore[attr-defined]
    assert re.fullmatch(r".+\.", inspect.cleandoc(kind.__doc__ or ""), re.DOTALL)
    assert "(" not in (kind.__doc__ or "")[: len(kind.__name__) + 1], "write a sentence"
    assert type(kind.version) is int


@each
def test_a_hook_has_a_sentence_and_the_type_of_its_event(kind: type[Event]) -> None:
    spec = vars(Hooks)[hook_of(kind.__name__)]
    assert str(inspect.signature(spec)) == f"(self, event: '{kind.__name__}') -> 'Steps'"
    assert (spec.__doc__ or "").endswith(".")


@each
def test_what_is_stored_is_the_same_event_when_it_is_read(kind: type[Event]) -> None:
    event = example(kind)
    assert decoded(kind, kind.version, encoded(event)) == event
    assert event.subject == "word"


@each
def test_what_a_person_or_a_provider_may_not_have_is_none(kind: type[Event]) -> None:
    hints = get_type_hints(kind)
    optional = {one.name: None for one in fields(kind) if get_origin(hints[one.name]) is UnionType}
    made = kind(**{one.name: getattr(example(kind), one.name) for one in fields(kind)} | optional)
    assert decoded(kind, kind.version, encoded(made)) == made


@pytest.mark.parametrize("module", ["accounts", "files"])
def test_the_builtins_record_theirs(module: str) -> None:
    """Each is recorded somewhere in the plugin; that it is recorded when it happens is tested there."""
    folder = ROOT / "core" / "pegboard" / "builtin" / module
    source = "\n".join(path.read_text(encoding="utf-8") for path in folder.rglob("*.py"))
    for kind in KINDS:
        if kind.__module__ == f"pegboard.events.{module}":
            assert re.search(rf"\brecord\((events\.)?{kind.__name__}\(", source)
