"""Events as JSON and back, by the types of their fields. A class with a field of another type is refused at first use."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import MISSING, fields
from datetime import datetime
from types import NoneType, UnionType
from typing import Any, Literal, TypeVar, Union, get_args, get_origin, get_type_hints
from uuid import UUID
from weakref import WeakKeyDictionary

from pegboard.money import Money

from .event import Event, NewerEvent, UnreadableEvent

E = TypeVar("E", bound=Event)
Code = Callable[[Any], Any]
_known: WeakKeyDictionary[type[Event], dict[str, tuple[Code, Code]]] = WeakKeyDictionary()


def encoded(event: Event) -> str:
    """The event as JSON. TypeError where a value is not of its field's type."""
    codes = _codes(type(event))
    return json.dumps({name: _encoded(event, name, encode) for name, (encode, _) in codes.items()}, ensure_ascii=False)


def decoded(kind: type[E], version: int, text: str) -> E:
    """The event of this JSON, which was stored by `version` of the class. NewerEvent, or UnreadableEvent with what to do."""
    if version > kind.version:
        raise NewerEvent(f"{kind.__name__} was stored as version {version}, this code knows {kind.version}")
    try:
        data = json.loads(text)
    except ValueError as error:
        raise UnreadableEvent(f"{kind.__name__} {version} as stored is no JSON: {error}") from error
    if version < kind.version:
        data = kind.upgrade(version, data)
    codes = _codes(kind)
    required = {one.name for one in fields(kind) if one.default is MISSING and one.default_factory is MISSING}
    if differing := sorted((data.keys() - codes.keys()) | (required - data.keys())):
        raise UnreadableEvent(
            f"{kind.__name__} {version} as stored differs from the class in {', '.join(differing)}: "
            f"raise its version, and write `upgrade` for version {version}"
        )
    try:
        return kind(**{name: codes[name][1](value) for name, value in data.items()})
    except (TypeError, ValueError, KeyError) as error:
        raise UnreadableEvent(f"{kind.__name__} {version} as stored cannot be read: {error}") from error


def _encoded(event: Event, name: str, encode: Code) -> Any:
    try:
        return encode(getattr(event, name))
    except TypeError as error:
        raise TypeError(f"{type(event).__name__}.{name}: {error}") from None


def _codes(kind: type[Event]) -> dict[str, tuple[Code, Code]]:
    """How each field is written and read."""
    if (known := _known.get(kind)) is not None:
        return known
    hints, found = get_type_hints(kind), {}
    for one in fields(kind):
        try:
            found[one.name] = code_of(hints[one.name])
        except TypeError as error:
            raise TypeError(f"{kind.__name__}.{one.name}: {error}") from None
    _known[kind] = found
    return found


def code_of(hint: Any) -> tuple[Code, Code]:
    """How a value of this type is written and read. TypeError where it cannot be."""
    if get_origin(hint) is Literal and all(type(choice) is str for choice in get_args(hint)):
        return _only(str), _only(str)
    if hint in (str, int, bool):
        return _only(hint), _only(hint)
    if hint in _OWN:
        return _OWN[hint]
    arguments = get_args(hint)
    if get_origin(hint) in (Union, UnionType) and NoneType in arguments and len(arguments) == 2:
        write, read = code_of(next(one for one in arguments if one is not NoneType))
        return _optional(write), _optional(read)
    if get_origin(hint) in (list, tuple) and arguments:
        if get_origin(hint) is tuple and arguments[1:] != (...,):
            raise TypeError("write tuple[…, ...]: a tuple of any length")
        write, read = code_of(arguments[0])
        make = get_origin(hint)
        return (lambda values: [write(value) for value in values]), (
            lambda values: make(read(value) for value in values)
        )
    raise TypeError(
        f"{hint} cannot be stored: use str, int, bool, UUID, datetime, Money, a tuple or list of these, or None"
    )


def _only(kind: type) -> Code:
    def same(value: Any) -> Any:
        if type(value) is not kind:
            raise TypeError(f"{type(value).__name__} in place of {kind.__name__}")
        return value

    return same


def _optional(code: Code) -> Code:
    return lambda value: None if value is None else code(value)


def _written_time(value: datetime) -> str:
    if getattr(value, "tzinfo", None) is None:
        raise TypeError("a time needs a time zone, as in datetime.now(UTC)")
    return value.isoformat()


def _written_id(value: UUID) -> str:
    return str(_only(UUID)(value))


def _written_money(value: Money) -> list[Any]:
    return [_only(Money)(value).amount, value.currency]


_OWN: dict[Any, tuple[Code, Code]] = {
    UUID: (_written_id, UUID),
    datetime: (_written_time, datetime.fromisoformat),
    Money: (_written_money, lambda value: Money(*value)),
}
