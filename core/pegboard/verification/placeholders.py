"""Values for settings, made from their schema: what is required, so that a board boots, and what is secret, to look for."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import combinations, islice
from typing import Any

from pydantic import ValidationError

from ..settings import PluginSettings, SettingsModel, is_secret, secret_parts
from .patterns import matching

_ATTEMPTS = 400
_SHORTEST = 8  # characters by which a planted secret can be told from chance
_FORMATS = {
    "uri": "https://example.com/",
    "email": "someone@example.com",
    "uuid": "6f1d8f4e-9a55-4f5c-8f0b-2f6f6f1f0a10",
    "date": "2030-01-31",
    "date-time": "2030-01-31T12:00:00Z",
    "time": "12:00:00",
    "duration": "P1D",
    "ipv4": "192.0.2.1",
    "ipv6": "2001:db8::1",
    "file-path": __file__,
    "directory-path": ".",
}
_USUAL = ("https://example.com", "someone@example.com", "example.com", "1", "en", "image/png", "/example")


@dataclass(slots=True)
class Filled:
    """`values` that a settings class accepts. `planted` are its secrets by name; `unfilled` what found no value."""

    values: dict[str, Any] = field(default_factory=dict)
    planted: dict[str, str] = field(default_factory=dict)
    unfilled: list[str] = field(default_factory=list)


def placeholders(model: type[SettingsModel], *, secrets: bool = False) -> Filled:
    """What is required; with `secrets`, also every secret, each a text of its own that cannot be there by chance."""
    schema = _schema(model)
    found = Filled()
    required = [key for key, info in model.model_fields.items() if info.is_required()]
    values = _completed(model, schema, required)
    if values is None:
        found.unfilled += required
        return found
    found.values = values
    for key, info in model.model_fields.items() if secrets else ():
        if is_secret(info):
            _plant(model, schema, key, found)
    return found


def own_fields(model: type[SettingsModel]) -> list[str]:
    """The settings that a plugin adds to those of every plugin."""
    return [key for key in model.model_fields if key not in PluginSettings.model_fields]


def _plant(model: type[SettingsModel], schema: Mapping[str, Any], key: str, found: Filled) -> None:
    values = _completed(model, schema, [*found.values, key], found.values)
    text = _longest(secret_parts(model.model_fields[key], values[key])) if values else ""
    if values is None or len(text) < _SHORTEST:
        found.unfilled.append(key)
        return
    found.values, found.planted[key] = values, text


def _longest(parts: Iterable[Any]) -> str:
    return max((text for text in parts if isinstance(text, str)), key=len, default="")


def _completed(
    model: type[SettingsModel], schema: Mapping[str, Any], keys: Sequence[str], known: Mapping[str, Any] | None = None
) -> dict[str, Any] | None:
    """Values for `keys`, and for one or two more where they are only valid together. None where nothing was accepted."""
    others = [key for key in own_fields(model) if key not in keys]
    more = (extra for count in range(3) for extra in combinations(others, count))
    for extra in islice(more, _ATTEMPTS):
        values = _accepted(model, schema, [*keys, *extra], known or {})
        if values is not None:
            return values
    return None


def _accepted(
    model: type[SettingsModel], schema: Mapping[str, Any], keys: Iterable[str], known: Mapping[str, Any]
) -> dict[str, Any] | None:
    """One value for each key; where a validator refuses it, the next that the schema allows."""
    choices = {key: iter([known[key]] if key in known else _values(schema, key)) for key in keys}
    values = {key: next(choice, None) for key, choice in choices.items()}
    while True:
        try:
            model.model_validate(values)
        except ValidationError as error:
            refused = {str(one["loc"][0]) for one in error.errors(include_input=False) if one["loc"]} & values.keys()
            another = {key: value for key in refused for value in islice(choices[key], 1)}
            if not refused or another.keys() != refused:
                return None
            values |= another
        except Exception:  # noqa: BLE001 - whatever an author's validator raises, this value will not do
            return None
        else:
            return values


def _schema(model: type[SettingsModel]) -> Mapping[str, Any]:
    try:
        return model.model_json_schema()
    except Exception:  # noqa: BLE001 - a type without a schema; the fields are then filled by guessing
        return {}


def _values(schema: Mapping[str, Any], key: str) -> Iterator[Any]:
    """What a field may hold, the likeliest first."""
    about = schema.get("properties", {}).get(key, {})
    word = f"planted-{key.replace('_', '-')}-{hashlib.sha256(key.encode()).hexdigest()[:12]}"
    yield from _of(about, schema.get("$defs", {}), word)
    yield from (word, *_USUAL, 1, True)


def _of(about: Mapping[str, Any], shared: Mapping[str, Any], word: str) -> Iterator[Any]:
    if "$ref" in about:
        yield from _of(shared.get(about["$ref"].rpartition("/")[2], {}), shared, word)
    for name in ("examples", "enum"):
        yield from about.get(name, ())
    if "const" in about:
        yield about["const"]
    for part in (*about.get("anyOf", ()), *about.get("oneOf", ()), *about.get("allOf", ())):
        yield from _of(part, shared, word)
    kind = about.get("type")
    if kind == "string":
        yield from _strings(about, word)
    elif kind in ("integer", "number"):
        yield from _numbers(about)
    elif kind == "boolean":
        yield True
    elif kind == "array":
        inner = next(_of(about.get("items", {}), shared, word), word)
        yield [inner] * max(1, about.get("minItems", 1))
    elif kind == "object":
        properties = about.get("properties", {})
        required = {key: f"{word}-{key}" for key in about.get("required", ())}
        if isinstance(about.get("additionalProperties"), dict):  # by names of its own
            properties, required = {"one": about["additionalProperties"]}, {"one": word}
        yield {key: next(_of(properties.get(key, {}), shared, own), own) for key, own in required.items()}


def _strings(about: Mapping[str, Any], word: str) -> Iterator[str]:
    least, most = about.get("minLength", 0), about.get("maxLength", 200)
    if about.get("format") in _FORMATS:
        yield _FORMATS[about["format"]]
    if pattern := about.get("pattern"):
        text = matching(pattern, word)
        yield from [text + word, text] if text and len(text) < _SHORTEST else [text] if text else []
    while len(word) < least:
        word += word
    yield from (word[:most], *_USUAL)


def _numbers(about: Mapping[str, Any]) -> Iterator[float]:
    step = about.get("multipleOf", 1)
    least = about.get("minimum", about.get("exclusiveMinimum", 0) + step if "exclusiveMinimum" in about else step)
    yield from (least, about.get("maximum", least), step)
