"""Configuration: the settings classes of the board and of plugins. How each value is found is in `resolution`."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from difflib import get_close_matches
from pathlib import Path
from typing import Annotated, Any, ClassVar, Literal, get_args, get_origin

from pydantic import BaseModel, ConfigDict, Field, SecretBytes, SecretStr
from pydantic.fields import FieldInfo

Environment = Literal["development", "test", "production"]
DEFAULT_BUILTINS = ("accounts", "console", "files", "home", "local_files")


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

    Give every field a `description`, and `examples` where it has no default; a secret is a `SecretStr`. `json_schema_extra` may say `where` to get a value, and
    what a field with a `pattern` `expects`: messages say that instead of the pattern.
    """

    env_prefix: ClassVar[str | None] = None
    """What its variables begin with; by default the plugin's name in capitals and an underscore."""

    on_failure: Literal["abort", "skip"] = Field(
        default="abort",
        description="When the plugin cannot be loaded: abort the boot, or skip the plugin and what requires it.",
    )
    url_prefix: str | None = Field(
        default=None,
        pattern=r"^(/[A-Za-z0-9_.~-]+)*$",
        description="Where its pages hang, instead of its own choice.",
        examples=["/shop"],
        json_schema_extra={"expects": "a path that begins with a slash and does not end with one, as in /shop"},
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
    safe: bool = Field(
        default=False, description="Switch off every plugin that fails, and what requires it, instead of not booting."
    )
    public_url: Annotated[str, Env("PUBLIC_URL", "APP_URL")] = Field(
        default="http://127.0.0.1:5000",
        pattern=r"^https?://[^/\s?#@]+(/[^\s?#]*)?$",
        description="The address people use; every absolute link is built from it. Required in production.",
        json_schema_extra={"expects": "an address such as https://example.com, without a question mark"},
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
        examples=["postgresql://user@localhost/board"],
    )
    database_connections: int = Field(
        default=10,
        ge=1,
        le=1_000,
        description="Connections that each process keeps open; as many again for a rush. As many as it has threads is enough.",
    )
    database_timeout: float = Field(
        default=30.0,
        ge=0,
        description="Seconds that PostgreSQL may take for one statement of a request; 0 for no limit. Migrations have none.",
    )
    slow_query: float = Field(
        default=0.5, gt=0, description="Seconds after which a statement is logged as slow, without its values."
    )
    many_queries: int = Field(
        default=50, ge=1, description="Statements of one request after which it is logged as having many."
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
        default=None,
        description="Path below static/ of your deployment, shown instead of the name's mark.",
        examples=["logo.svg"],
    )
    accent: str | None = Field(
        default=None,
        pattern=r"^#[0-9a-fA-F]{6}$",
        description="The one accent colour, as #rrggbb.",
        examples=["#1a7f5a"],
        json_schema_extra={"expects": "a colour such as #1a7f5a"},
    )
    csp_report_uri: str | None = Field(
        default=None,
        pattern=r"^[^\s;,]+$",
        description="Where browsers report violations.",
        examples=["https://example.com/csp-reports"],
        json_schema_extra={"expects": "one address, without spaces, commas and semicolons"},
    )
    work_driver: Literal["thread", "process", "celery"] = Field(
        default="thread",
        description="Who does what happens later: a thread in each process that serves, `pegboard work run`, or Celery.",
    )
    work_broker: Annotated[SecretStr | None, Env("CELERY_BROKER_URL", "REDIS_URL")] = Field(
        default=None,
        description="Where Celery's messages go, with the driver `celery`.",
        examples=["redis://localhost:6379/0"],
    )
    work_seconds: int = Field(
        default=900, ge=1, description="How many seconds one item of work may take before another worker gets it."
    )
    work_lease: int = Field(
        default=60, ge=2, description="After how many seconds others get the work of a machine that has died."
    )
    work_days: int = Field(
        default=30, ge=1, description="How many days what finished work carried is kept, for a look at it or a replay."
    )
    log_format: Literal["text", "json"] = Field(
        default="text", description="How the log is written, where the deployment has not set up one of its own."
    )
    log_level: Literal["DEBUG", "INFO", "WARNING", "ERROR"] = Field(
        default="INFO", description="The least grave that is logged."
    )
    metrics_token: SecretStr | None = Field(
        default=None,
        min_length=16,
        description="Opens /metrics to Prometheus, as a bearer token. Without it there is no such page.",
        json_schema_extra={"where": "python -c 'import secrets; print(secrets.token_urlsafe(24))'"},
    )
    max_form_bytes: int = Field(
        default=1_000_000, ge=1_000, description="Largest request body, in bytes, where a view sets none."
    )


def env_names(model: type[SettingsModel], prefix: str, key: str) -> tuple[str, ...]:
    """The variables that set a field, strongest first: the declared ones, and always prefix plus name in capitals."""
    declared = [name for item in model.model_fields[key].metadata if isinstance(item, Env) for name in item.names]
    return tuple(dict.fromkeys([*declared, f"{prefix}{key.upper()}"]))


def is_secret(info: FieldInfo) -> bool:
    """Whether a field holds a secret: alone, optional, in a tuple or a table, also in one with fields of its own."""
    return any(isinstance(kind, type) and issubclass(kind, SecretStr | SecretBytes) for kind in parts(info.annotation))


def secrets_in(settings: SettingsModel) -> Iterator[str]:
    """The values of the fields that hold secrets."""
    for key, info in type(settings).model_fields.items():
        if is_secret(info):
            yield from _kept(getattr(settings, key))


def _kept(value: Any) -> Iterator[str]:
    if isinstance(value, SecretStr | SecretBytes):
        text = value.get_secret_value()
        yield from [text.decode("utf-8", "replace") if isinstance(text, bytes) else text] if text else []
    elif isinstance(value, BaseModel | Mapping):
        for item in (vars(value) if isinstance(value, BaseModel) else value).values():
            yield from _kept(item)
    elif isinstance(value, list | tuple | set | frozenset):
        for item in value:
            yield from _kept(item)


def secret_parts(info: FieldInfo, raw: Any) -> Iterator[Any]:
    """What may be secret in the value of such a field before it is validated: all of it, but for the plain fields of a table."""
    fields = [field for kind in parts(info.annotation) if is_model(kind) for field in kind.model_fields.items()]
    plain = {key for key, field in fields if not is_secret(field)} - {key for key, field in fields if is_secret(field)}
    yield from _without(raw, plain)


def _without(value: Any, plain: set[str]) -> Iterator[Any]:
    if isinstance(value, BaseModel | Mapping):
        table = vars(value) if isinstance(value, BaseModel) else value
        value = [item for key, item in table.items() if key not in plain]
    elif not isinstance(value, list | tuple | set | frozenset):
        yield from () if value is None else [value]
        return
    for item in value:
        yield from _without(item, plain)


def parts(annotation: Any) -> Iterator[Any]:
    """A type and all that it is made of: `tuple[str, ...] | None` is itself, `tuple[str, ...]`, `tuple`, `str`, `None`.

    Of a class with fields also what these are made of.
    """
    waiting: list[Any] = [annotation]
    seen: list[Any] = []
    while waiting:
        kind = waiting.pop(0)
        if any(kind is one for one in seen):  # a class may have a field of its own kind
            continue
        seen.append(kind)
        yield kind
        origin = get_origin(kind)
        waiting += [origin, *get_args(kind)] if origin is not None else []
        waiting += [field.annotation for field in kind.model_fields.values()] if is_model(kind) else []


def is_model(kind: Any) -> bool:
    """Whether a type is a class with fields, which the file holds as a table."""
    return isinstance(kind, type) and issubclass(kind, BaseModel)


def suggestion(word: str, choices: Mapping[str, Any] | list[str] | tuple[str, ...]) -> str:
    """`did you mean …?` where a choice is near, else the list of choices."""
    near = get_close_matches(word, list(choices), n=1)
    if near:
        return f"did you mean {near[0]!r}?"
    return f"one of: {', '.join(sorted(choices))}" if choices else "there is none to choose from"
