"""Checks of the configuration: what is wrong in it, what is weak, and what nobody reads."""

from __future__ import annotations

from collections.abc import Iterator
from ipaddress import ip_address
from urllib.parse import urlsplit

from ...board import Plan
from ...checks import chosen_providers, weakness
from ...settings import BoardSettings
from .findings import Finding
from .leftovers import leftovers


def configuration(plan: Plan) -> Iterator[Finding]:
    """Problems that no plugin is charged with, then what is valid and yet worth a word."""
    charged = [problem for entry in plan.entries for problem in entry.problems]
    own = [problem for problem in plan.problems if problem not in charged]
    for problem in own:
        source = f" (from {problem.source})" if problem.source else ""
        yield Finding(_key(problem.plugin, problem.key), "failed", f"{problem.message}{source}", problem.remedy)
    if plan.sources.file is None:
        message, remedy = (
            f"there is no pegboard.toml in {plan.folder}",
            "go to the deployment's folder, or give --config",
        )
        yield Finding("configuration.file", "warning", message, remedy)
    elif not own:
        yield Finding("configuration.file", "ok", f"{plan.sources.file} and the variables are valid")
    settings = plan.board.usable
    if settings is not None:
        wrong = {problem.key for problem in own if problem.plugin == "pegboard"}
        yield environment(plan, settings)
        yield from secret_keys(plan, settings) if "secret_key" not in wrong else ()
        yield from public_url(settings) if "public_url" not in wrong else ()
        yield from providers(plan, settings)
    warnings = [*plan.board.warnings, *(one for e in plan.entries if e.settings for one in e.settings.warnings)]
    for warning in warnings:
        source = f" (from {warning.source})" if warning.source else ""
        yield Finding(_key(warning.plugin, warning.key), "warning", f"{warning.message}{source}", warning.remedy)
    yield from leftovers(plan)


def environment(plan: Plan, settings: BoardSettings) -> Finding:
    """Which overlay applies, and whether it is safe mode."""
    if not settings.safe:
        return Finding("configuration.environment", "ok", settings.env)
    where = " in production" if settings.env == "production" else ""
    source = plan.board.origins["safe"]
    remedy = "mend what is off, then unset PEGBOARD_SAFE"
    return Finding("configuration.environment", "warning", f"safe mode is on{where} (from {source})", remedy)


def secret_keys(plan: Plan, settings: BoardSettings) -> Iterator[Finding]:
    """Whether the keys are hard to guess. In production a weak one is an error of the configuration."""
    keys = [("secret_key", settings.secret_key), *(("secret_key_fallbacks", k) for k in settings.secret_key_fallbacks)]
    for name, key in keys:
        weak = weakness(key.get_secret_value()) if key is not None else ""
        if weak and settings.env != "production":
            remedy = "python -c 'import secrets; print(secrets.token_urlsafe(48))' makes a good one"
            message = f"is {weak} (from {plan.board.origins[name]}); production refuses it"
            yield Finding(f"configuration.{name}", "warning", message, remedy)
        elif not weak and key is not None:
            yield Finding(f"configuration.{name}", "ok", f"strong (from {plan.board.origins[name]})")
    if settings.secret_key is None and settings.env != "production":
        yield Finding("configuration.secret_key", "ok", "none is set: one is made up and kept in the instance folder")


def public_url(settings: BoardSettings) -> Iterator[Finding]:
    """Whether links lead people here, safely, and whether the proxy in front is known."""
    url = urlsplit(settings.public_url)
    check, production = "configuration.public_url", settings.env == "production"
    trouble = list(_url_trouble(settings, production=production))
    yield from trouble
    if not trouble:
        yield Finding(check, "ok", settings.public_url)
    if production and url.scheme == "https" and not settings.trusted_proxies:
        message = "PUBLIC_URL is https and TRUSTED_PROXIES is 0: behind a proxy, everyone has the proxy's address"
        remedy = (
            "set TRUSTED_PROXIES to the number of proxies of yours; leave it where the board's own server speaks TLS"
        )
        yield Finding("configuration.trusted_proxies", "warning", message, remedy)


def _url_trouble(settings: BoardSettings, *, production: bool) -> Iterator[Finding]:
    check, url = "configuration.public_url", urlsplit(settings.public_url)
    if production and _is_here(url.hostname or ""):
        message = f"{settings.public_url} leads nobody but this machine here"
        yield Finding(check, "warning", message, "set PUBLIC_URL to the address that people type")
    elif production and url.scheme != "https":
        message = f"{settings.public_url} is not https: passwords and cookies can be read on the way"
        yield Finding(check, "failed", message, "serve the board over TLS, and write https in PUBLIC_URL")
    if url.path.strip("/"):
        message = f"it has a path: links begin with {url.path}, and the board must be served there"
        remedy = (
            f"let the server in front set SCRIPT_NAME to {url.path.rstrip('/')}, or give the board a host of its own"
        )
        yield Finding(check, "warning", message, remedy)


def providers(plan: Plan, settings: BoardSettings) -> Iterator[Finding]:
    """Who serves each capability."""
    chosen = chosen_providers(plan.active, settings)
    for capability in (item.name for entry in plan.active for item in entry.list("capabilities")):
        names = chosen.get(capability, ())
        how = "chosen" if capability in settings.providers else "by default"
        if names:
            yield Finding(f"configuration.providers.{capability}", "ok", f"{', '.join(names)} ({how})")
        else:
            remedy = f"enable a plugin that provides {capability}: pegboard plugins list"
            yield Finding(f"configuration.providers.{capability}", "warning", "nothing provides it", remedy)


def _is_here(host: str) -> bool:
    try:
        return ip_address(host).is_loopback
    except ValueError:
        return host == "localhost" or host.endswith(".localhost")


def _key(plugin: str, key: str) -> str:
    return f"configuration.{plugin}.{key}".rstrip(".").replace("configuration.pegboard.", "configuration.")
