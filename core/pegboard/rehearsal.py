"""Blueprints are registered on a stand-in first, so that collisions are found while a plugin can still be left out."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import TYPE_CHECKING, Any

from flask import Blueprint, Flask

from .errors import Dangling, Problem
from .settings import suggestion
from .webhook_checks import RULE as WEBHOOKS

if TYPE_CHECKING:
    from .collect import Entry

CORE_RULES = ("/healthz", "/readyz", "/static/<path:filename>")
_ARGUMENT = re.compile(r"<(?:(?P<converter>[a-zA-Z_]\w*)(?:\((?P<args>.*?)\))?:)?[a-zA-Z_]\w*>")
_TEMPLATE_GUARD = re.compile(r"""\b(can|has_role)\(\s*(?:"([^"]*)"|'([^']*)')\s*\)""")
GUARDS = "__pegboard_guards__"


class Rehearsal(Flask):
    """A Flask application that notes URL rules instead of compiling them."""

    def __init__(self) -> None:
        super().__init__("pegboard.rehearsal", static_folder=None)
        self.noted: list[tuple[str, str, frozenset[str], Any, str]] = []

    def add_url_rule(
        self, rule: str, endpoint: str | None = None, view_func: Any = None, provide_automatic_options: bool | None = None,
        **options: Any,
    ) -> None:  # fmt: skip
        methods = options.get("methods") or getattr(view_func, "methods", None) or ("GET",)
        place = f"{options.get('host') or ''}|{options.get('subdomain') or ''}"
        self.noted.append((rule, endpoint or "", frozenset(m.upper() for m in methods), view_func, place))


def mount_point(entry: Entry, blueprint: Blueprint) -> str:
    """The URL prefix of a blueprint: the plugin's, then its own."""
    return f"{entry.url_prefix}{blueprint.url_prefix or ''}".rstrip("/")


def url_problems(entries: Sequence[Entry], permissions: Sequence[str], roles: Sequence[str]) -> Iterator[Problem]:
    """Blueprints with foreign names, URLs and endpoints that collide, guards and menu entries that name what is not there."""
    rehearsal = Rehearsal()
    urls = {(f"|{normalised(rule)}", "GET"): "the core" for rule in CORE_RULES}
    if any(entry.list("webhook_sources") for entry in entries):
        urls[f"|{normalised(WEBHOOKS)}", "POST"] = "the core"
    views: dict[str, Any] = {"static": None}
    plain: dict[str, bool] = {"static": False}
    for entry in entries:
        start = len(rehearsal.noted)
        yield from _registered(entry, rehearsal)
        for rule, endpoint, methods, view, place in rehearsal.noted[start:]:
            if endpoint in views and views[endpoint] is not view:
                yield Problem(
                    f"the endpoint {endpoint!r} is taken already", entry.name, "blueprints", "", "rename the view"
                )
            views[endpoint] = view
            plain[endpoint] = plain.get(endpoint, False) or not _ARGUMENT.search(rule)
            for method in sorted(methods - {"HEAD", "OPTIONS"}):
                other = urls.setdefault((f"{place}{normalised(rule)}", method), entry.name)
                if other != entry.name:
                    message = f"the URL {rule} ({method}) is taken by {other!r}"
                    yield Problem(message, entry.name, "blueprints", "", f"set url_prefix below [{entry.name}]")
            yield from _guard_problems(entry.name, endpoint, view, permissions, roles)
    yield from _endpoint_problems(entries, plain, permissions)
    yield from _template_problems(entries, permissions, roles)


def normalised(rule: str) -> str:
    """A rule as the router tells it from others: argument names and a slash at the end make no difference."""
    return (
        _ARGUMENT.sub(
            lambda m: f"<{(m['converter'] or 'string').replace('default', 'string')}({m['args'] or ''})>", rule
        ).rstrip("/")
        or "/"
    )


def _registered(entry: Entry, rehearsal: Rehearsal) -> Iterator[Problem]:
    for blueprint in entry.list("blueprints"):
        if blueprint.name != entry.name and not blueprint.name.startswith(f"{entry.name}_"):
            remedy = f"call it {entry.name} or {entry.name}_…"
            yield Problem(f"{blueprint.name!r} is not a name for its blueprint", entry.name, "blueprints", "", remedy)
        try:
            rehearsal.register_blueprint(blueprint, url_prefix=mount_point(entry, blueprint) or None)
        except Exception as error:  # noqa: BLE001 - whatever an author's code raises, the others go on
            yield Problem(
                f"its blueprint cannot be registered: {error}", entry.name, "blueprints", "", "correct the plugin"
            )


def _guard_problems(
    plugin: str, endpoint: str, view: Any, permissions: Sequence[str], roles: Sequence[str]
) -> Iterator[Problem]:
    for kind, name in getattr(view, GUARDS, ()):
        known: Iterable[str] = permissions if kind == "permission" else roles
        if kind in ("permission", "role") and name not in known:
            message = f"the guard of {endpoint} names an unknown {kind} {name!r}"
            yield Dangling(message, plugin, "blueprints", "", suggestion(name, list(known)))


def _endpoint_problems(
    entries: Sequence[Entry], endpoints: Mapping[str, bool], permissions: Sequence[str]
) -> Iterator[Problem]:
    """`endpoints` says of each whether a URL can be built for it without arguments."""
    for entry in entries:
        for item in entry.list("nav_items"):
            if item.permission and item.permission not in permissions:
                message = f"the menu entry of {item.endpoint} names an unknown permission {item.permission!r}"
                yield Dangling(message, entry.name, "nav_items", "", suggestion(item.permission, list(permissions)))
            if item.endpoint not in endpoints:
                message = f"the menu entry names an unknown endpoint {item.endpoint!r}"
                yield Dangling(message, entry.name, "nav_items", "", suggestion(item.endpoint, list(endpoints)))
            elif not endpoints[item.endpoint]:
                message = f"the menu entry names {item.endpoint!r}, whose URL needs arguments"
                yield Problem(message, entry.name, "nav_items", "", "name a page that can be linked to by itself")
        source = entry.contributions.get("user_source")
        if source and source.sign_in_endpoint not in endpoints:
            message = f"sign_in_endpoint names an unknown endpoint {source.sign_in_endpoint!r}"
            yield Problem(message, entry.name, "user_source", "", suggestion(source.sign_in_endpoint, list(endpoints)))


def _template_problems(entries: Sequence[Entry], permissions: Sequence[str], roles: Sequence[str]) -> Iterator[Problem]:
    """The guards of templates: `can("…")` and `has_role("…")` with a name that nobody knows would be false for ever."""
    for entry in entries:
        folder = entry.part("templates")
        for path in sorted(folder.rglob("*.html")) if folder else ():
            for kind, *names in _TEMPLATE_GUARD.findall(path.read_text(encoding="utf-8", errors="replace")):
                name, known = "".join(names), permissions if kind == "can" else roles
                if name not in known:
                    what = "permission" if kind == "can" else "role"
                    message = f"{path.relative_to(folder or path)} asks for an unknown {what} {name!r}"
                    yield Dangling(message, entry.name, "templates", str(path), suggestion(name, list(known)))
