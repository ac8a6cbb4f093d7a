"""`pegboard plugins`: what is installed and enabled, what each adds, and switching it on and off."""

from __future__ import annotations

from importlib.metadata import Distribution
from typing import Any

import click

from ..board import Plan, assemble
from ..collect import VETOES, Entry, preview
from ..errors import PegboardError
from ..hookspecs import PROJECT, Hooks
from ..rehearsal import Rehearsal, mount_point
from ..settings import DEFAULT_BUILTINS, PluginSettings, suggestion
from ..sources import read_sources
from .new import new
from .plan import json_option, known_plan, print_json
from .switch import switch
from .uninstall import uninstall
from .verify import verify


@click.group()
def plugins() -> None:
    """List, draw, enable and disable plugins, and begin new ones."""


plugins.add_command(new)


plugins.add_command(uninstall)
plugins.add_command(verify)


@plugins.command("list")
@json_option
def list_(as_json: bool) -> None:
    """Installed and enabled plugins, with what each contributes and why one failed."""
    plan = known_plan()
    rows = [describe(entry) for entry in plan.entries]
    known = {entry.name for entry in plan.entries}
    rows += [
        {
            "name": name,
            "version": _dist(plan, name).version,
            "state": "installed",
            "origin": _dist(plan, name).name,
            "contributes": "not loaded",
        }
        for name in plan.installed.names
        if name not in known
    ]
    if as_json:
        print_json(rows)
        return
    for row in rows:
        contributes = row["contributes"]
        text = (
            contributes
            if isinstance(contributes, str)
            else ", ".join(f"{k} {len(v)}" for k, v in contributes.items() if v)
        )
        version = f" {row['version']}" if row.get("version") else ""
        milliseconds = f"  {row['milliseconds']} ms" if "milliseconds" in row else ""
        click.secho(
            f"{row['name']}{version}  {row['state']}{milliseconds}",
            bold=True,
            fg="red" if row["state"] == "failed" else None,
        )
        click.echo(f"    {text or 'contributes nothing'}")
        for reason in row.get("reasons", ()):
            click.secho(f"    {reason}", fg="red")


@plugins.command()
@json_option
def graph(as_json: bool) -> None:
    """The boot order, with what each plugin requires and comes after."""
    plan = known_plan()
    rows = [
        {
            "name": entry.name,
            "requires": list(entry.plugin.requires),
            "after": list(entry.plugin.after),
            "state": entry.state,
        }
        for entry in plan.entries
    ]
    if as_json:
        print_json(rows)
        return
    for number, row in enumerate(rows, 1):
        before = [*row["requires"], *(f"({name})" for name in row["after"])]
        click.echo(f"{number:>3}  {row['name']}" + (f"  ← {', '.join(before)}" if before else ""))


@plugins.command()
@click.argument("name")
@click.option("--migrate/--no-migrate", default=None, help="Create its tables now, or do not ask.")
def enable(name: str, migrate: bool | None) -> None:
    """Add NAME to pegboard.toml and say what it adds, which settings are missing and where to get them."""
    before = known_plan()
    reference = _known(before, name)
    section = "builtins" if _is_builtin(reference) else "plugins"
    listed = [*getattr(before.settings, section), reference]
    after = assemble(read_sources(given={"pegboard": {section: listed}}))
    known = {entry.name for entry in before.entries}
    entry = next((entry for entry in after.entries if entry.name not in known), None)
    if entry is None:
        said = [str(problem) for problem in after.problems if problem.plugin == reference]
        raise click.ClickException("\n".join(said) or f"{name} is enabled already.")
    name = entry.name
    if wrong := [p for p in after.problems if p.plugin == name and p.key not in entry.plugin.Settings.model_fields]:
        raise PegboardError("\n".join(str(problem) for problem in wrong))
    missing = [problem for problem in after.problems if problem.plugin == name]
    unknown = preview(entry) if missing else []
    file = switch(before.sources, section, listed)
    click.echo(f"Enabled {name} in {file.name}. It adds:")
    for kind, items in describe(entry)["contributes"].items():
        if items:
            click.echo(f"  {kind}: {', '.join(items)}")
    if unknown:
        click.echo(f"  known when its settings are: {', '.join(unknown)}")
    for problem in missing:
        click.secho(f"  missing: {problem}", fg="yellow")
    if entry.tables and not missing:
        _offer_migration(name, migrate)


@plugins.command()
@click.argument("name")
def disable(name: str) -> None:
    """Take NAME out of pegboard.toml. Its tables and settings stay."""
    plan = known_plan()
    entry = plan.entry(name.replace("-", "_"))
    if entry is None:
        raise click.ClickException(f"{name} is not enabled; {suggestion(name, [e.name for e in plan.entries])}")
    dependents = [other.name for other in plan.entries if entry.name in other.plugin.requires]
    if dependents:
        raise click.ClickException(f"{entry.name} is required by {', '.join(dependents)}: disable them first.")
    section = "builtins" if _is_builtin(entry.name) and entry.name in plan.settings.builtins else "plugins"
    remaining = [item for item in getattr(plan.settings, section) if not _means(plan, item, entry)]
    file = switch(plan.sources, section, remaining)
    contributes = describe(entry)["contributes"]
    click.echo(f"Disabled {entry.name} in {file.name}. From the next start on:")
    stops = {kind: items for kind, items in contributes.items() if items and kind not in ("tables", "settings")}
    for kind, items in stops.items():
        click.echo(f"  stops: {kind} {', '.join(items)}")
    for kind in ("tables", "settings"):
        if contributes[kind]:
            click.echo(f"  stays: {kind} {', '.join(contributes[kind])}")


def describe(entry: Entry) -> dict[str, Any]:
    """What a plugin is and adds, as `plugins list --json` shows it."""
    own = entry.plugin.Settings.model_fields
    policies = entry.contributions.get("content_security_policy", {})
    contributes = {
        "URLs": urls(entry),
        "tables": [table.name for table in entry.tables],
        "settings": [key for key in own if key not in PluginSettings.model_fields],
        "CSP hosts": sorted({str(value) for values in policies.values() for value in values}),
        "events heard": heard(entry),
        "webhooks": [f"/webhooks/{source.name}" for source in entry.list("webhook_sources")],
        "commands": [f"{entry.command} {command.name}" for command in entry.list("commands")],
        "capabilities": [capability.name for capability in entry.list("capabilities")],
        "providers": [f"{p.capability.name}: {p.name}" for p in entry.list("providers")],
        "permissions": [permission.name for permission in entry.list("permissions")],
        "menu entries": [item.endpoint for item in entry.list("nav_items")],
        "slots": [slot.name for slot in entry.list("slots")],
        "template globals": sorted(entry.contributions.get("template_globals", {})),
        "health checks": [check.name for check in entry.list("health_checks")],
        "sandbox peers": [peer.name for peer in entry.list("sandbox_peers")],
        "vetoes": [hook for hook in VETOES if hasattr(getattr(entry.plugin, hook), f"{PROJECT}_impl")],
    }
    return {
        "name": entry.name,
        "version": entry.version,
        "state": "failed" if entry.problems else entry.state,
        "origin": entry.origin,
        "description": (entry.plugin.__doc__ or "").strip().partition("\n")[0],
        "milliseconds": round(entry.seconds * 1000, 1),
        "reasons": [str(problem) for problem in entry.problems],
        "contributes": contributes,
    }


def heard(entry: Entry) -> list[str]:
    """The hooks it implements that other plugins brought: what it wants to be told."""
    marked = (name for name in dir(entry.plugin) if hasattr(getattr(entry.plugin, name), f"{PROJECT}_impl"))
    return [name for name in marked if name not in vars(Hooks)]


def urls(entry: Entry) -> list[str]:
    """The URL rules of a plugin's blueprints."""
    rehearsal = Rehearsal()
    for blueprint in entry.list("blueprints"):
        rehearsal.register_blueprint(blueprint, url_prefix=mount_point(entry, blueprint) or None)
    return sorted({rule for rule, *_ in rehearsal.noted})


def _known(plan: Plan, name: str) -> str:
    wanted = name if ":" in name else name.replace("-", "_")
    if ":" not in wanted and wanted not in plan.installed.names:
        raise click.ClickException(f"no plugin {name!r} is installed; {suggestion(wanted, plan.installed.names)}")
    return wanted


def _is_builtin(name: str) -> bool:
    return name in DEFAULT_BUILTINS


def _means(plan: Plan, item: str, entry: Entry) -> bool:
    return item == entry.name or (":" in item and item == f"{entry.plugin.__module__}:{entry.plugin.__qualname__}")


def _dist(plan: Plan, name: str) -> Distribution:
    return plan.installed.points[name][0].dist


def _offer_migration(name: str, migrate: bool | None) -> None:
    import sys

    if migrate is None and sys.stdin.isatty():
        migrate = click.confirm("Create its tables now?")
    if not migrate:
        click.echo(f"Create its tables with: pegboard db upgrade --plugin {name}")
        return
    from ..app import create_app
    from ..live import board_of
    from ..migrations import upgrade

    app = create_app()
    plan = board_of(app).plan
    done = upgrade(app, plan, plan.database_url, name)
    click.echo(f"Upgraded: {', '.join(done) or 'nothing to do'}.")
