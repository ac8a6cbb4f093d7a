"""Where templates are found, and what every template may call. What a plugin adds cannot break the page around it."""

from __future__ import annotations

import logging
from collections.abc import Callable
from functools import wraps
from pathlib import Path
from typing import Any

from flask import Flask, request, url_for
from jinja2 import BaseLoader, ChoiceLoader, FileSystemLoader, PrefixLoader
from markupsafe import Markup

from pegboard.board import Plan
from pegboard.contracts.users import User
from pegboard.contributions import NavItem, Text
from pegboard.i18n import current_locale, format_datetime, gettext, ngettext
from pegboard.live import Board, current_board

from .headers import csp_nonce
from .static import static_url
from .users import can, current_user, has_role

log = logging.getLogger("pegboard.web")
CORE = Path(__file__).parent / "templates"


def template_loader(plan: Plan) -> ChoiceLoader:
    """Deployment, plugins in reverse boot order, builtins, core; and `owner:path`, to extend what one overrides."""
    folders = [(entry.name, part) for entry in reversed(plan.active) if (part := entry.part("templates"))]
    outside = [(n, p) for n, p in folders if (e := plan.entry(n)) and not e.builtin]
    builtins = [(n, p) for n, p in folders if (n, p) not in outside]
    own = plan.folder / "templates"
    ordered = (
        [("deployment", own), *outside, *builtins, ("core", CORE)]
        if own.is_dir()
        else [*outside, *builtins, ("core", CORE)]
    )
    loaders: dict[str, BaseLoader] = {name: FileSystemLoader(path) for name, path in ordered}
    return ChoiceLoader([*loaders.values(), PrefixLoader(loaders, delimiter=":")])


def init_templates(app: Flask, plan: Plan) -> None:
    """Set the loader and the globals. Blueprints have no template folder of their own."""
    app.jinja_loader = template_loader(plan)
    app.jinja_options = {**app.jinja_options, "trim_blocks": True, "lstrip_blocks": True}
    environment = app.jinja_env
    environment.globals.update(
        _=gettext,
        gettext=gettext,
        ngettext=ngettext,
        format_datetime=format_datetime,
        nav=nav,
        slot=slot,
        can=can,
        has_role=has_role,
        csp_nonce=csp_nonce,
        static_url=static_url,
    )
    for entry in plan.active:
        for name, function in entry.contributions.get("template_globals", {}).items():
            environment.globals[name] = _contained(entry.name, name, function)
    app.context_processor(_context)


class PageBoard:
    """What a template sees of the board."""

    def __init__(self, board: Board) -> None:
        self.name, self.accent = board.settings.app_name, board.settings.accent
        self._logo = board.settings.logo

    @property
    def logo_url(self) -> str | None:
        return static_url(f"deployment:{self._logo}") if self._logo else None

    @property
    def home_url(self) -> str:
        return f"{request.root_path}/"

    @property
    def locale(self) -> str:
        return current_locale()


def _context() -> dict[str, Any]:
    return {"board": PageBoard(current_board()), "identity": current_user(), "current_user": current_user()}


def nav(menu: str) -> list[dict[str, Any]]:
    """The entries of a menu that are for the person asking."""
    found = []
    board, user = current_board(), current_user()
    for owned in board.nav_items:
        item: NavItem = owned.item
        if item.menu != menu or owned.plugin in board.broken:
            continue
        try:
            if _is_for(user, item):
                url = url_for(item.endpoint)
                active = request.endpoint == item.endpoint
                found.append({"label": _shown(item.label), "url": url, "active": active, "icon": item.icon})
        except Exception:  # a plugin's entry never breaks the page
            log.exception("menu entry %s of plugin %s left out", item.endpoint, owned.plugin)
    return found


def slot(name: str) -> list[Markup]:
    """The fragments that plugins put in a place, in order of weight."""
    found = []
    board = current_board()
    for owned in board.slots.get(name, ()):
        try:
            if owned.plugin not in board.broken:
                found.append(_safe(owned.item.render()))
        except Exception:  # a plugin's fragment never breaks the page
            log.exception("slot %s of plugin %s left out", name, owned.plugin)
    return [fragment for fragment in found if fragment]


def _safe(fragment: Markup | str) -> Markup:
    """Rendered templates are markup; plain text is escaped."""
    return fragment if isinstance(fragment, Markup) else Markup.escape(fragment)


def _shown(label: Text) -> str:
    return label if isinstance(label, str) else label()


def _is_for(user: User | None, item: NavItem) -> bool:
    if item.permission and (user is None or item.permission not in user.permissions):
        return False
    return item.audience == "everyone" or (item.audience == "signed_in") is (user is not None)


def _contained(plugin: str, name: str, function: Callable[..., Any]) -> Callable[..., Any]:
    @wraps(function)
    def contained(*args: Any, **kwargs: Any) -> Any:
        try:
            return function(*args, **kwargs)
        except Exception:  # a plugin's function never breaks the page
            log.exception("template global %s of plugin %s left out", name, plugin)
            return Markup()

    return contained
