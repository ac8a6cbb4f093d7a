"""How the value of each setting is found, where it came from, and what is wrong with it.

A value is looked up in this order, the first hit wins: given in code, the environment, the secrets folder, `.env`,
the overlay `[env.<name>.<table>]` of `pegboard.toml`, its table, what the sandbox has left, the default. An empty variable counts as not set.
"""

from __future__ import annotations

import json
import os
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from types import NoneType, UnionType
from typing import Any, Generic, TypeVar, Union, get_args, get_origin

from pydantic import SecretBytes, SecretStr, ValidationError
from pydantic.fields import FieldInfo

from .errors import Problem
from .settings import SettingsModel, env_names, is_model, is_secret, secret_parts, suggestion
from .sources import Sources

_PYDANTIC_PLUGINS = "PYDANTIC_DISABLE_PLUGINS"

M = TypeVar("M", bound=SettingsModel)


@dataclass(frozen=True, slots=True)
class Origin:
    """Where a value came from: `source` is the layer (`environment`, a file, `default`), `name` the variable or key."""

    source: str
    name: str = ""

    def __str__(self) -> str:
        return f"{self.name} in {self.source}" if self.name else self.source


@dataclass(slots=True)
class Resolved(Generic[M]):
    """A settings object with the origin of each of its values, or the problems that prevented it.

    `usable` has defaults in place of what is wrong: to go on looking for problems with, never to boot with. It is None
    where a value is missing that has no default. `found` is what the sources hold, unvalidated.
    """

    value: M | None
    usable: M | None = None
    found: dict[str, Any] = field(default_factory=dict, repr=False)
    origins: dict[str, Origin] = field(default_factory=dict)
    problems: list[Problem] = field(default_factory=list)
    warnings: list[Problem] = field(default_factory=list)


def resolve(model: type[M], sources: Sources, *, plugin: str, table: str, prefix: str) -> Resolved[M]:
    """Find every field of `model` in the sources and validate them together. All problems are reported, none raised."""
    found = Resolved[M](None)
    for key, info in model.model_fields.items():
        offered = list(hits(sources, table, key, env_names(model, prefix, key)))
        if not offered:
            found.origins[key] = Origin("default")
            continue
        raw, origin = offered[0]
        found.found[key], found.origins[key] = _parsed(raw, info, origin), origin
        if is_secret(info):
            found.warnings += [
                Problem(
                    "another value of this secret is hidden by a stronger source", plugin, key, f"{other}", "remove one"
                )
                for value, other in offered[1:]
                if value != raw
            ]
    found.problems += _unknown_keys(model, sources, plugin, table)
    try:
        found.usable = _validated(model, found.found)
    except ValidationError as error:
        errors = _errors(error)
        hidden = list(_secrets(model, found.found))
        found.problems += [_problem(one, model, found.origins, plugin, table, prefix, hidden) for one in errors]
        wrong = {one["loc"][0] for one in errors if one["loc"]}
        with suppress(ValidationError):
            found.usable = _validated(model, {key: value for key, value in found.found.items() if key not in wrong})
    found.value = found.usable if not found.problems else None
    return found


def _validated(model: type[M], values: Mapping[str, Any]) -> M:
    with _without_foreign_plugins():
        return model.model_validate(values)


@contextmanager
def _without_foreign_plugins() -> Iterator[None]:
    """Building a validator, pydantic reads the entry points of all distributions and imports plugins of its own from
    them: tens of milliseconds where much is installed, and code that nobody enabled. Settings need none of it."""
    if _PYDANTIC_PLUGINS in os.environ:
        yield
        return
    os.environ[_PYDANTIC_PLUGINS] = "__all__"
    try:
        yield
    finally:
        del os.environ[_PYDANTIC_PLUGINS]


def hits(sources: Sources, table: str, key: str, names: tuple[str, ...]) -> Iterator[tuple[Any, Origin]]:
    """Every value that the sources have for a setting, the strongest first, unvalidated."""
    if key in sources.given.get(table, {}):
        yield sources.given[table][key], Origin("code", key)
    for layer in sources.variables:
        for name in names:
            if value := layer.get(name):
                yield value, Origin(layer.label, name)
    for label, tables in sources.tables:
        if key in tables.get(table, {}):
            yield tables[table][key], Origin(label, f"[{table}] {key}")


def _parsed(raw: Any, info: FieldInfo, origin: Origin) -> Any:
    """A variable is text: lists are written as JSON or with commas, tables as JSON."""
    if not isinstance(raw, str):
        return raw
    union = get_origin(info.annotation) in (Union, UnionType)
    alternatives = get_args(info.annotation) if union else (info.annotation,)
    kinds = {dict if is_model(kind) else get_origin(kind) or kind for kind in alternatives} - {NoneType}
    if not kinds <= {tuple, list, set, frozenset, dict}:
        return raw
    if raw.lstrip().startswith(("[", "{")):
        try:
            return json.loads(raw)
        except ValueError:
            return raw
    return raw if kinds == {dict} else [part.strip() for part in raw.split(",") if part.strip()]


def _unknown_keys(model: type[SettingsModel], sources: Sources, plugin: str, table: str) -> list[Problem]:
    layers = [*sources.tables, ("code", sources.given)]
    return [
        Problem(f"unknown setting {key!r}", plugin, key, f"[{table}] in {label}", suggestion(key, model.model_fields))
        for label, tables in layers
        for key in tables.get(table, {})
        if key not in model.model_fields
    ]


def _secrets(model: type[SettingsModel], values: Mapping[str, Any]) -> Iterator[str]:
    """The secrets among the values, as text: an author's message may quote one."""
    for key, value in values.items():
        if is_secret(model.model_fields[key]):
            for item in secret_parts(model.model_fields[key], value):
                text = str(item.get_secret_value() if isinstance(item, SecretStr | SecretBytes) else item)
                yield from [text] if text else []


def _errors(error: ValidationError) -> list[Any]:
    return list(error.errors(include_input=False, include_url=False, include_context=False))


def _problem(
    error: Mapping[str, Any],
    model: type[SettingsModel],
    origins: Mapping[str, Origin],
    plugin: str,
    table: str,
    prefix: str,
    hidden: Sequence[str],
) -> Problem:
    key = str(error["loc"][0]) if error["loc"] else ""
    message = str(error["msg"]).removeprefix("Value error, ")
    for secret in hidden:
        message = message.replace(secret, "…")
    if key not in model.model_fields:
        return Problem(message, plugin, key)
    info = model.model_fields[key]
    extra = info.json_schema_extra if isinstance(info.json_schema_extra, dict) else {}
    if error["type"] == "string_pattern_mismatch":
        message = f"it must be {extra.get('expects') or 'in another form'}"
    variable = env_names(model, prefix, key)[0]
    if error["type"] != "missing" and origins[key].source != "default":
        return Problem(message, plugin, key, str(origins[key]), f"correct it there, or set {variable}")
    message = "a value is required" if error["type"] == "missing" else message
    place = "" if is_secret(info) else f", or {key} below [{table}] in pegboard.toml"
    hint = f"; get it: {extra['where']}" if extra.get("where") else ""
    return Problem(message, plugin, key, "", f"set {variable}{place}{hint}")
