"""Configuration: the settings classes, and how each value is found and where it came from.

A value is looked up in this order, the first hit wins: given in code, the environment, the secrets folder, `.env`,
the overlay `[env.<name>.<table>]` of `pegboard.toml`, its table, the default. An empty variable counts as not set.
"""

from __future__ import annotations

import json
import os
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from difflib import get_close_matches
from pathlib import Path
from typing import Annotated, Any, ClassVar, Generic, Literal, TypeVar, get_origin

from pydantic import BaseModel, ConfigDict, Field, SecretBytes, SecretStr, ValidationError
from pydantic.fields import FieldInfo

from .errors import Problem
from .sources import Sources

_PYDANTIC_PLUGINS = "PYDANTIC_DISABLE_PLUGINS"
Environment = Literal["development", "test", "production"]
DEFAULT_BUILTINS = ("accounts", "files", "home", "local_files")


class Env:
    """Marks a field with the variables it is read from, strongest first: `Annotated[str, Env("PUBLIC_URL", "APP_URL")]`."""

    def __init__(self, *names: str) -> None:
        self.names = names


class SettingsModel(BaseModel):
    """What every settings class shares: frozen, strict about names, and silent about values in its errors."""

    model_config = ConfigDict(
        frozen=True, extra="forbid", hide_input_in_errors=True, validate_default=False, defer_build=True
    )


class PluginSettings(SettingsModel):
    """The settings of a plugin: `[<name>]` in `pegboard.toml`, and variables that begin with `env_prefix`.

    Give every field a `description`; a secret is a `SecretStr`; `json_schema_extra={"where": …}` says where to get it.
    """

    env_prefix: ClassVar[str | None] = None
    """What its variables begin with; by default the plugin's name in capitals and an underscore."""

    on_failure: Literal["abort", "skip"] = Field(
        default="abort",
        description="When the plugin cannot be loaded: abort the boot, or skip the plugin and what requires it.",
    )
    url_prefix: str | None = Field(
        default=None, pattern=r"^(/[A-Za-z0-9_.~-]+)*$", description="Where its pages hang, instead of its own choice."
    )


class BoardSettings(SettingsModel):
    """The settings of the board itself: `[pegboard]` in `pegboard.toml`."""

    app_name: Annotated[str, Env("APP_NAME")] = Field(
        default="Pegboard", min_length=1, max_length=80, description="Its name."
    )
    env: Annotated[Environment, Env("PEGBOARD_ENV")] = Field(
        default="development", description="Which overlay applies."
    )
    debug: Annotated[bool, Env("PEGBOARD_DEBUG")] = Field(
        default=False, description="Show tracebacks. Never in production."
    )
    public_url: Annotated[str, Env("PUBLIC_URL", "APP_URL")] = Field(
        default="http://127.0.0.1:5000",
        pattern=r"^https?://[^/\s?#@]+(/[^\s?#]*)?$",
        description="The address people use; every absolute link is built from it. Required in production.",
    )
    secret_key: Annotated[SecretStr | None, Env("SECRET_KEY")] = Field(
        default=None,
        description="Signs cookies and links: at least 32 random characters. Required in production, made up elsewhere.",
        json_schema_extra={"where": "python -c 'import secrets; print(secrets.token_urlsafe(48))'"},
    )
    secret_key_fallbacks: Annotated[tuple[SecretStr, ...], Env("SECRET_KEY_FALLBACKS")] = Field(
        default=(), description="Older keys that still verify, newest first; never used to sign."
    )
    database_url: Annotated[str | None, Env("DATABASE_URL")] = Field(
        default=None,
        repr=False,
        description="SQLAlchemy URL. Outside production by default SQLite in the instance folder.",
    )
    plugins: Annotated[tuple[str, ...], Env("PEGBOARD_PLUGINS")] = Field(
        default=(), description="Enabled plugins: names of installed ones, or module:Class of your own."
    )
    builtins: Annotated[tuple[str, ...], Env("PEGBOARD_BUILTINS")] = Field(
        default=DEFAULT_BUILTINS, description="Enabled plugins of those that ship with the core."
    )
    providers: dict[str, str | tuple[str, ...]] = Field(
        default_factory=dict, description='Which provider serves each capability, as in files = "local".'
    )
    instance_path: Annotated[Path, Env("PEGBOARD_INSTANCE_PATH")] = Field(
        default=Path("instance"), description="Folder for what the board writes: SQLite, local files."
    )
    trusted_proxies: Annotated[int, Env("TRUSTED_PROXIES")] = Field(
        default=0, ge=0, le=10, description="How many proxies of yours stand in front, each adding to X-Forwarded-For."
    )
    locales: tuple[str, ...] = Field(
        default=("en",), min_length=1, description="Languages on offer; the first is the default."
    )
    logo: str | None = Field(
        default=None, description="Path below static/ of your deployment, shown instead of the name's mark."
    )
    accent: str | None = Field(
        default=None, pattern=r"^#[0-9a-fA-F]{6}$", description="The one accent colour, as #rrggbb."
    )
    csp_report_uri: str | None = Field(
        default=None, pattern=r"^[^\s;,]+$", description="Where browsers report violations."
    )
    max_form_bytes: int = Field(
        default=1_000_000, ge=1_000, description="Largest request body, in bytes, where a view sets none."
    )


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
    """A settings object with the origin of each of its values, or the problems that prevented it."""

    value: M | None
    origins: dict[str, Origin] = field(default_factory=dict)
    problems: list[Problem] = field(default_factory=list)
    warnings: list[Problem] = field(default_factory=list)


def env_names(model: type[SettingsModel], prefix: str, key: str) -> tuple[str, ...]:
    """The variables that set a field, strongest first: the declared ones, and always prefix plus name in capitals."""
    declared = [name for item in model.model_fields[key].metadata if isinstance(item, Env) for name in item.names]
    return tuple(dict.fromkeys([*declared, f"{prefix}{key.upper()}"]))


def is_secret(info: FieldInfo) -> bool:
    """Whether a field holds a secret, alone, optional or in a tuple."""
    return "SecretStr" in str(info.annotation) or "SecretBytes" in str(info.annotation)


def resolve(model: type[M], sources: Sources, *, plugin: str, table: str, prefix: str) -> Resolved[M]:
    """Find every field of `model` in the sources and validate them together. All problems are reported, none raised."""
    found = Resolved[M](None)
    values: dict[str, Any] = {}
    for key, info in model.model_fields.items():
        hits = list(_hits(sources, table, key, env_names(model, prefix, key)))
        if not hits:
            found.origins[key] = Origin("default")
            continue
        raw, origin = hits[0]
        values[key], found.origins[key] = _parsed(raw, info, origin), origin
        if is_secret(info):
            found.warnings += [
                Problem(
                    "another value of this secret is hidden by a stronger source", plugin, key, f"{other}", "remove one"
                )
                for value, other in hits[1:]
                if value != raw
            ]
    found.problems += _unknown_keys(model, sources, plugin, table)
    try:
        with _without_foreign_plugins():
            value = model.model_validate(values)
    except ValidationError as error:
        hidden = list(_secrets(model, values))
        found.problems += [_problem(error_, model, found.origins, plugin, prefix, hidden) for error_ in _errors(error)]
    else:
        found.value = value if not found.problems else None
    return found


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


def _hits(sources: Sources, table: str, key: str, names: tuple[str, ...]) -> Iterator[tuple[Any, Origin]]:
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
    kind = get_origin(info.annotation)
    if kind not in (tuple, list, set, frozenset, dict):
        return raw
    if raw.lstrip().startswith(("[", "{")):
        try:
            return json.loads(raw)
        except ValueError:
            return raw
    return raw if kind is dict else [part.strip() for part in raw.split(",") if part.strip()]


def _unknown_keys(model: type[SettingsModel], sources: Sources, plugin: str, table: str) -> list[Problem]:
    layers = [*sources.tables, ("code", sources.given)]
    return [
        Problem(f"unknown setting {key!r}", plugin, key, f"[{table}] in {label}", suggestion(key, model.model_fields))
        for label, tables in layers
        for key in tables.get(table, {})
        if key not in model.model_fields
    ]


def suggestion(word: str, choices: Mapping[str, Any] | list[str] | tuple[str, ...]) -> str:
    """`did you mean …?` where a choice is near, else the list of choices."""
    near = get_close_matches(word, list(choices), n=1)
    if near:
        return f"did you mean {near[0]!r}?"
    return f"one of: {', '.join(sorted(choices))}" if choices else "there is none to choose from"


def _secrets(model: type[SettingsModel], values: Mapping[str, Any]) -> Iterator[str]:
    """The secrets among the values, as text: an author's message may quote one."""
    for key, value in values.items():
        if is_secret(model.model_fields[key]):
            for item in value if isinstance(value, list | tuple) else [value]:
                text = str(item.get_secret_value() if isinstance(item, SecretStr | SecretBytes) else item)
                yield from [text] if text else []


def _errors(error: ValidationError) -> list[Any]:
    return list(error.errors(include_input=False, include_url=False, include_context=False))


def _problem(
    error: Mapping[str, Any],
    model: type[SettingsModel],
    origins: Mapping[str, Origin],
    plugin: str,
    prefix: str,
    hidden: Sequence[str],
) -> Problem:
    key = str(error["loc"][0]) if error["loc"] else ""
    message = str(error["msg"]).removeprefix("Value error, ")
    for secret in hidden:
        message = message.replace(secret, "…")
    if key not in model.model_fields:
        return Problem(message, plugin, key)
    extra = model.model_fields[key].json_schema_extra
    where = extra.get("where") if isinstance(extra, dict) else None
    names = env_names(model, prefix, key)
    if error["type"] == "missing" or origins[key].source == "default":
        hint = f"; get it: {where}" if where else ""
        message = "a value is required" if error["type"] == "missing" else message
        return Problem(message, plugin, key, "", f"set {names[0]}{hint}")
    return Problem(message, plugin, key, str(origins[key]), f"correct it there, or set {names[0]}")
