"""Checks of the whole: what no plugin can see alone. Each answers with the problems it found."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from datetime import timedelta
from importlib.util import find_spec
from typing import TYPE_CHECKING, Any

from .contracts.users import ROLES
from .errors import Dangling, Problem
from .resolution import Resolved
from .settings import BoardSettings, suggestion
from .sources import Sources

if TYPE_CHECKING:
    from .collect import Entry
    from .contributions import Permission, Provider

_WEAK = re.compile(r"(?i)(change|secret|password|example|default|insecure)")
_SOURCE = re.compile(r"'self'|'none'|[a-z][a-z0-9+.-]*:|((https?|wss?)://)?(\*\.)?[A-Za-z0-9.-]+(:\d+)?(/[^\s;,*]*)?")
_DIRECTIVES = (
    "child-src", "connect-src", "font-src", "form-action", "frame-src", "img-src", "manifest-src", "media-src", "object-src",
    "script-src", "style-src", "worker-src",
)  # fmt: skip
_SHORTEST = timedelta(seconds=5)
CORE_GLOBALS = (
    "_", "can", "config", "csp_nonce", "csrf_token", "format_datetime", "g", "get_flashed_messages", "gettext", "has_role", "nav", "ngettext",
    "request", "session", "slot", "static_url", "url_for",
)  # fmt: skip
CORE_COMMANDS = (
    "config",
    "db",
    "diagnostics",
    "doctor",
    "init",
    "plugins",
    "routes",
    "run",
    "sandbox",
    "shell",
    "webhooks",
    "work",
)


def environment_problems(board: Resolved[BoardSettings], sources: Sources) -> Iterator[Problem]:
    """What production demands, and a key that is too weak anywhere."""
    settings = board.usable
    if settings is None:
        return
    named = [
        ("secret_key", settings.secret_key),
        *(("secret_key_fallbacks", key) for key in settings.secret_key_fallbacks),
    ]
    for name, key in named:
        if key is not None and (weak := weakness(key.get_secret_value())) and settings.env == "production":
            source = str(board.origins.get(name, ""))
            remedy = f"set {name.upper()} to 32 or more random characters"
            yield Problem(f"is {weak}", key=name, source=source, remedy=remedy)
    yield from _driver_problems(settings, board)
    if settings.env != "production":
        return
    for name, variable in (
        ("secret_key", "SECRET_KEY"),
        ("public_url", "PUBLIC_URL"),
        ("database_url", "DATABASE_URL"),
    ):
        if name not in settings.model_fields_set and name not in board.found:
            yield Problem("is required in production", key=name, remedy=f"set {variable}")
    if settings.debug or debug_wanted(sources):
        yield Problem(
            "debug shows the board's inside to everyone", key="debug", remedy="unset PEGBOARD_DEBUG and FLASK_DEBUG"
        )


def _driver_problems(settings: BoardSettings, board: Resolved[BoardSettings]) -> Iterator[Problem]:
    if settings.work_driver != "celery":
        return
    if find_spec("celery") is None:
        source = str(board.origins.get("work_driver", ""))
        yield Problem(
            "Celery is not installed", key="work_driver", source=source, remedy='pip install "pegboard[celery]"'
        )
    if settings.work_broker is None:
        yield Problem(
            "is required by the driver celery", key="work_broker", remedy="set CELERY_BROKER_URL or REDIS_URL"
        )


def debug_wanted(sources: Sources) -> bool:
    """Whether `flask --debug` or its variable asks for tracebacks."""
    return (sources.variable("FLASK_DEBUG") or "0").lower() not in ("0", "false", "no")


def weakness(key: str) -> str:
    """What is wrong with a secret key, in words; nothing where it is strong."""
    if len(key) < 32:
        return "too short"
    if len(set(key)) < 10:
        return "too regular"
    return "a placeholder" if len(_WEAK.findall(key)) > 0 and len(set(key)) < 20 else ""


def union_problems(entries: Sequence[Entry], settings: BoardSettings | None) -> list[Problem]:
    """Collisions and references between the contributions of all plugins."""
    from .rehearsal import url_problems
    from .webhook_checks import webhook_problems

    permissions = [item.name for entry in entries for item in entry.list("permissions")]
    return [
        *_table_problems(entries),
        *_capability_problems(entries),
        *(_choice_problems(entries, settings) if settings else ()),
        *_permission_problems(entries),
        *_command_problems(entries),
        *_policy_problems(entries),
        *_single_problems(entries),
        *webhook_problems(entries),
        *url_problems(entries, permissions, ROLES),
    ]


def _table_problems(entries: Sequence[Entry]) -> Iterator[Problem]:
    for entry in entries:
        below = {
            table.name
            for other in entries
            if other.name in {entry.name, *entry.plugin.requires}
            for table in other.tables
        }
        for table in entry.tables:
            if not table.name.startswith(f"{entry.name}_") and table.name not in entry.plugin.tables:
                remedy = f"call it {entry.name}_{table.name}, or list it in `tables`"
                yield Problem(f"the table {table.name!r} lacks the plugin's prefix", entry.name, "models", "", remedy)
            for key in table.foreign_keys:
                target = str(key.target_fullname).rpartition(".")[0]
                if target not in below:
                    message = f"{table.name} refers to {target!r}, which belongs to no plugin it requires"
                    yield Dangling(message, entry.name, "models", "", "list the owner in `requires`")
                elif target == "users" and (key.ondelete or "").upper() not in ("CASCADE", "SET NULL"):
                    remedy = "say ondelete='CASCADE' or 'SET NULL', or an account can never be deleted"
                    yield Problem(f"{table.name} refers to users without ondelete", entry.name, "models", "", remedy)


def _capability_problems(entries: Sequence[Entry]) -> Iterator[Problem]:
    brought: dict[str, str] = {}
    for entry in entries:
        for capability in entry.list("capabilities"):
            other = brought.setdefault(capability.name, entry.name)
            if other != entry.name:
                yield Problem(
                    f"the capability {capability.name!r} is brought by {other!r} already", entry.name, "capabilities"
                )
    seen: dict[tuple[str, str], str] = {}
    for entry in entries:
        for provider in entry.list("providers"):
            word = provider.capability.name
            if word not in brought:
                message = f"provides {word!r}, a capability that no enabled plugin brings"
                yield Dangling(message, entry.name, "providers", "", f"enable the plugin that brings {word!r}")
            other = seen.setdefault((word, provider.name), entry.name)
            if other != entry.name:
                yield Problem(
                    f"a provider {provider.name!r} of {word} comes from {other!r} already", entry.name, "providers"
                )


def _choice_problems(entries: Sequence[Entry], settings: BoardSettings) -> Iterator[Problem]:
    offered: dict[str, list[Provider[Any]]] = {}
    for entry in entries:
        for capability in entry.list("capabilities"):
            offered.setdefault(capability.name, [])
        for provider in entry.list("providers"):
            offered.setdefault(provider.capability.name, []).append(provider)
    for word, choice in settings.providers.items():
        key = f"providers.{word}"
        if word not in offered:
            yield Dangling(
                f"no enabled plugin brings the capability {word!r}", key=key, remedy=suggestion(word, list(offered))
            )
            continue
        names = [provider.name for provider in offered[word]]
        if not choice:
            yield Problem("chooses no provider", key=key, remedy=suggestion("", names))
        for name in [choice] if isinstance(choice, str) else choice:
            if name not in names:
                yield Dangling(f"no enabled plugin provides {name!r}", key=key, remedy=suggestion(name, names))
    for word, providers in offered.items():
        outside = sorted(provider.name for provider in providers if not provider.embedded)
        rivals = outside or sorted(provider.name for provider in providers)
        if word not in settings.providers and len(rivals) > 1:
            remedy = f'choose one below [pegboard.providers]: {word} = "{rivals[0]}"'
            yield Problem(f"{word} has several providers: {', '.join(rivals)}", key=f"providers.{word}", remedy=remedy)


def chosen_providers(
    entries: Sequence[Entry], settings: BoardSettings, failed: Sequence[Entry] = ()
) -> dict[str, tuple[str, ...]]:
    """The providers that serve each capability: the deployment's choice, else the only one that is not embedded, else embedded.

    What a failed plugin would have provided is provided by nobody: an embedded provider must not take it over unseen.
    """
    chosen: dict[str, tuple[str, ...]] = {}
    offered = [provider for entry in entries for provider in entry.list("providers")]
    for embedded in (True, False):
        for provider in offered:
            if provider.embedded is embedded:
                chosen[provider.capability.name] = (provider.name,)
    chosen |= {provider.capability.name: (provider.name,) for entry in failed for provider in lost_providers(entry)}
    for word, choice in settings.providers.items():
        chosen[word] = (choice,) if isinstance(choice, str) else tuple(choice)
    return chosen


def lost_providers(entry: Entry) -> list[Provider[Any]]:
    """The providers that a plugin would have brought, as far as it says so without its settings."""
    try:
        offered = entry.plugin(entry.plugin.Settings.model_construct()).providers()
        return [provider for provider in offered or () if not provider.embedded]
    except Exception:  # noqa: BLE001 - it has failed already
        return []


def _permission_problems(entries: Sequence[Entry]) -> Iterator[Problem]:
    seen: set[str] = set()
    for entry in entries:
        permissions: list[Permission] = entry.list("permissions")
        for permission in permissions:
            if not permission.name.startswith(f"{entry.name}.") or permission.name in seen:
                remedy = f"call it {entry.name}.<verb>, once"
                yield Problem(
                    f"{permission.name!r} is not a name for its permission", entry.name, "permissions", "", remedy
                )
            seen.add(permission.name)
            for role in permission.roles:
                if role not in ROLES:
                    yield Problem(f"unknown role {role!r}", entry.name, "permissions", "", suggestion(role, ROLES))


def _command_problems(entries: Sequence[Entry]) -> Iterator[Problem]:
    owners = dict.fromkeys(CORE_COMMANDS, "the core")
    for entry in entries:
        if entry.list("commands"):
            other = owners.setdefault(entry.command, entry.name)
            if other != entry.name:
                message = f"the command {entry.command!r} is taken by {other}"
                yield Problem(message, entry.name, "commands", "", "set `command` in the plugin class")


def _policy_problems(entries: Sequence[Entry]) -> Iterator[Problem]:
    for entry in entries:
        for directive, values in entry.contributions.get("content_security_policy", {}).items():
            if directive not in _DIRECTIVES:
                message = f"{directive!r} is not a directive that plugins may add to"
                yield Problem(message, entry.name, "content_security_policy", "", suggestion(directive, _DIRECTIVES))
            for value in values:
                scheme = directive.startswith(("script-src", "default-src", "object-src")) and str(value).endswith(":")
                if scheme or not _SOURCE.fullmatch(str(value)):
                    message = f"{value!r} is not allowed in {directive}"
                    yield Problem(
                        message, entry.name, "content_security_policy", "", "name a host, as in https://cdn.example.com"
                    )


def _single_problems(entries: Sequence[Entry]) -> Iterator[Problem]:
    for entry in entries:
        names = [check.name for check in entry.list("health_checks")]
        for name in sorted({name for name in names if names.count(name) > 1}):
            yield Problem(f"two health checks are called {name!r}", entry.name, "health_checks", "", "rename one")
        yield from _job_problems(entry)
    sources = [entry.name for entry in entries if entry.contributions.get("user_source")]
    for name in sources[1:]:
        yield Problem(
            f"{sources[0]!r} tells who is signed in already", name, "user_source", "", "disable one of the two"
        )
    seen = dict.fromkeys(CORE_GLOBALS, "the core")
    for entry in entries:
        for word in entry.contributions.get("template_globals", {}):
            other = seen.setdefault(word, entry.name)
            if other != entry.name:
                yield Problem(
                    f"the template global {word!r} comes from {other!r} already",
                    entry.name,
                    "template_globals",
                    "",
                    "choose another name",
                )


def _job_problems(entry: Entry) -> Iterator[Problem]:
    names = [job.name for job in entry.list("jobs")]
    for job in entry.list("jobs"):
        if names.count(job.name) > 1 or not job.name.isidentifier():
            remedy = "give each a name of its own: small letters and underscores"
            yield Problem(f"{job.name!r} is not a name for its job", entry.name, "jobs", "", remedy)
        if job.every < _SHORTEST:
            message = f"the job {job.name!r} is due more often than every {_SHORTEST.seconds} seconds"
            yield Problem(message, entry.name, "jobs", "", "give it more time")
