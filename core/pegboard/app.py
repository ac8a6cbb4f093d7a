"""The assembly line: from settings to a Flask application. Read it top to bottom."""

from __future__ import annotations

import logging
from collections.abc import Mapping, Sequence
from pathlib import Path
from time import process_time
from types import MappingProxyType
from typing import TYPE_CHECKING, Any

from flask import Flask

from .board import Plan, assemble
from .checks import chosen_providers, debug_wanted
from .collect import VETOES, Entry
from .discovery import Reference
from .errors import ConfigError, Problem
from .garbage import uncollected
from .i18n import EXTENSION as TRANSLATIONS
from .i18n import Catalogues
from .keys import known_secrets, signing_keys
from .live import Board, BoardApp, board_of, by_slot, freeze, handlers_of, owned, sources_of
from .observability.calls import EXTENSION as CALLS
from .observability.calls import Calls, calls_of
from .observability.logs import init_logs
from .registry import Registry
from .rehearsal import mount_point
from .settings import BoardSettings
from .sources import Sources, given_sources, read_sources
from .web.csrf import init_csrf
from .web.errors import error_answer, init_errors
from .web.headers import init_headers, merged_policy
from .web.health import init_health
from .web.rules import LazyRule
from .web.static import init_static
from .web.templates import init_templates
from .web.webhooks import init_webhooks
from .webhooks.counting import tally_of
from .work.onset import init_work, own_jobs

if TYPE_CHECKING:
    from .observability.metrics import Metrics

log = logging.getLogger("pegboard")


def create_app(
    settings: BoardSettings | None = None,
    *,
    plugins: Sequence[Reference] | None = None,
    config: Mapping[str, Mapping[str, Any]] | None = None,
    sources: Sources | None = None,
) -> Flask:
    """Assemble a board. ConfigError lists everything that is wrong.

    Without arguments, settings come from `pegboard.toml`, `.env` and the environment. With `settings` nothing is read:
    `plugins` are classes or names, `config` their settings by name. No connection is opened and no thread started.
    """
    if config and (sources is not None or (settings is not None and "pegboard" in config)):
        raise TypeError(
            "the same would be said twice: give config without sources, the board's own as settings or in config"
        )
    with uncollected():
        if sources is None:
            sources = read_sources(given=config) if settings is None else given_sources(config or {})
        plan = assemble(sources, settings=settings, plugins=plugins)
        plan.require()
        return apply(plan)


def apply(plan: Plan) -> Flask:
    """The last phase: make the Flask application of a plan without problems."""
    settings = plan.settings
    keys = signing_keys(plan)
    init_logs(settings.log_format, settings.log_level, known_secrets(plan, keys))
    if plan.safe:
        log.warning("safe mode: what fails is left out; unset PEGBOARD_SAFE once it is mended")
    for entry in plan.failed:
        for problem in entry.problems:
            log.warning("left out: %s", problem)
    app = BoardApp("pegboard", root_path=str(plan.folder), static_folder=None, template_folder=None,
                instance_path=str(plan.instance_path))  # fmt: skip
    app.url_rule_class = LazyRule
    _configure(app, plan, keys)
    app.extensions["pegboard"] = board = _board(plan, keys)
    app.extensions[CALLS] = Calls()
    _init_database(app, plan)
    init_work(app, plan)
    folders = [part for entry in plan.active if (part := entry.part("translations"))]
    app.extensions[TRANSLATIONS] = Catalogues([Path(__file__).parent / "translations", *folders], settings.locales)
    init_static(app, plan)
    init_health(app)
    metrics = _init_metrics(app, plan)
    init_csrf(app, keys)
    init_templates(app, plan)
    policies = [entry.contributions.get("content_security_policy", {}) for entry in plan.active]
    policy = merged_policy(policies, settings.csp_report_uri)
    init_headers(app, policy, https=settings.public_url.startswith("https:"))
    init_errors(app)
    init_webhooks(app, board)
    if metrics is not None and board.webhook_sources:
        metrics.count_webhooks(tally_of(app).subscribe)
    for entry in plan.active:
        _mount(app, board, entry)
    for entry in plan.active:
        _tell_ready(app, board, entry)
    freeze(app)
    return app


def _configure(app: Flask, plan: Plan, keys: tuple[str, ...]) -> None:
    settings = plan.settings
    app.debug = settings.debug or debug_wanted(plan.sources)
    app.testing = settings.env == "test"
    app.config.update(
        SECRET_KEY=keys[0],
        SECRET_KEY_FALLBACKS=list(keys[1:]),
        SESSION_COOKIE_NAME="pegboard_session",
        SESSION_COOKIE_HTTPONLY=True,
        SESSION_COOKIE_SAMESITE="Lax",
        SESSION_COOKIE_SECURE=settings.public_url.startswith("https:"),
        MAX_CONTENT_LENGTH=settings.max_form_bytes,
    )
    if settings.trusted_proxies:
        from werkzeug.middleware.proxy_fix import ProxyFix

        hops = settings.trusted_proxies
        app.wsgi_app = ProxyFix(app.wsgi_app, x_for=hops, x_proto=hops)  # type: ignore[method-assign]


def _board(plan: Plan, keys: tuple[str, ...]) -> Board:
    active = plan.active
    sources = [entry.contributions["user_source"] for entry in active if entry.contributions.get("user_source")]
    return Board(
        plan=plan,
        settings=plan.settings,
        registry=Registry(
            [provider for entry in active for provider in entry.list("providers")],
            chosen_providers(active, plan.settings, plan.failed),
        ),
        nav_items=owned(plan, "nav_items", lambda item: item.weight),
        slots=by_slot(owned(plan, "slots", lambda item: item.weight)),
        permissions=MappingProxyType({one.item.name: one.item for one in owned(plan, "permissions")}),
        health_checks=owned(plan, "health_checks"),
        vetoes=MappingProxyType({hook: owned(plan, hook) for hook in VETOES}),
        handlers=handlers_of(plan),
        webhook_sources=sources_of(plan),
        jobs=(*owned(plan, "jobs"), *own_jobs(plan)),
        user_source=sources[0] if sources else None,
        signing_keys=keys,
    )


def _init_database(app: Flask, plan: Plan) -> None:
    """Only where a plugin has tables or the deployment names a database: nothing else pays for SQLAlchemy."""
    if not plan.uses_database:
        return
    from sqlalchemy.exc import ArgumentError, NoSuchModuleError

    from pegboard.db import db
    from pegboard.db.engine import init_database

    from .observability.queries import init_queries

    source = str(plan.board.origins.get("database_url", ""))
    try:
        init_database(app, plan.database_url, plan.settings)
        with app.app_context():
            init_queries(app, db.engine, plan.settings)
    except (ArgumentError, ImportError, ValueError) as error:  # their words are left out: they may quote the password
        driver = isinstance(error, (ImportError, NoSuchModuleError))
        why = "names a driver that is not installed" if driver else "is not a database URL"
        remedy = "write it as postgresql://user:password@host/name or sqlite:///board.db"
        raise ConfigError([Problem(why, key="database_url", source=source, remedy=remedy)]) from None
    except OSError as error:
        message = f"the board cannot write there: {error.strerror} ({error.filename})"
        remedy = "make the folder writable for the user that runs the board, or set DATABASE_URL"
        raise ConfigError([Problem(message, key="database_url", source=source, remedy=remedy)]) from error


def _init_metrics(app: Flask, plan: Plan) -> Metrics | None:
    if plan.settings.metrics_token is None:
        return None
    from .observability.metrics import init_metrics

    metrics = init_metrics(app, plan.settings.metrics_token.get_secret_value())
    metrics.count_calls(calls_of(app))
    if plan.uses_database:
        from .work.figures import count_attempts, figures

        metrics.ask(figures)
        count_attempts(app, metrics)
    return metrics


def _mount(app: Flask, board: Board, entry: Entry) -> None:
    started = process_time()
    try:
        for blueprint in entry.list("blueprints"):
            app.register_blueprint(blueprint, url_prefix=mount_point(entry, blueprint) or None)
    except Exception as error:  # noqa: BLE001 - whatever an author's code raises, the others go on
        _leave_out(app, board, entry, "blueprints", "its blueprint cannot be registered:", error)
    if commands := entry.list("commands"):
        import click

        about = (entry.plugin.__doc__ or "").strip().partition("\n")[0]
        app.cli.add_command(click.Group(entry.command, {c.name: c for c in commands}, help=about))
    entry.seconds += process_time() - started


def _tell_ready(app: Flask, board: Board, entry: Entry) -> None:
    """Last hook. Where the plugin may be skipped, failing here closes its routes with 503: they cannot be removed."""
    started = process_time()
    try:
        if missing := next((name for name in entry.plugin.requires if name in board.broken), None):
            _close(app, board, entry, f"requires {missing!r}, which failed in app_ready")
        elif entry.instance is not None and entry.name not in board.broken:
            entry.instance.app_ready(app)
    except Exception as error:  # noqa: BLE001 - whatever an author's code raises, the others go on
        _leave_out(app, board, entry, "app_ready", "app_ready raised", error)
    finally:
        entry.seconds += process_time() - started


def _leave_out(app: Flask, board: Board, entry: Entry, hook: str, what: str, error: Exception) -> None:
    """Go on without the plugin where the deployment allows it, else ConfigError."""
    message = f"{what} {type(error).__name__}: {error}"
    if entry.on_failure != "skip":
        raise ConfigError([Problem(message, entry.name, hook, entry.origin, "correct the plugin")]) from error
    _close(app, board, entry, message, error)


def _close(app: Flask, board: Board, entry: Entry, message: str, error: Exception | None = None) -> None:
    log.error("left out: %s: %s", entry.name, message, exc_info=error)
    board.broken[entry.name] = message
    if entry.contributions.get("user_source") is not None:
        board.user_source = None
    for blueprint in entry.list("blueprints"):
        app.before_request_funcs.setdefault(blueprint.name, []).insert(0, lambda: error_answer(503))


__all__ = ["apply", "board_of", "create_app"]
