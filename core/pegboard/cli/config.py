"""`pegboard config`: what is set and where it came from, what is wrong, and what could be set."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from typing import Any

import click
from pydantic.fields import FieldInfo

from ..board import Plan
from ..observability.redaction import MASK, Redactor
from ..resolution import Resolved
from ..settings import BoardSettings, PluginSettings, SettingsModel, env_names, is_secret
from .plan import current_plan, json_option, print_json, print_problems

_CREDENTIALS = re.compile(r"(?<=://)([^/@:\s]*):[^/@\s]*(?=@)")


@click.group()
def config() -> None:
    """Show, check and document the settings."""


@config.command()
@json_option
def show(as_json: bool) -> None:
    """Every setting with its value and where it came from. Secrets are masked."""
    plan = current_plan()
    rows = settings_rows(plan)
    if as_json:
        print_json(rows)
    else:
        for row in rows:
            click.echo(f"{row['table']}.{row['key']} = {row['value']}  ({row['source']})")
    print_problems(plan)


@config.command()
@json_option
def check(as_json: bool) -> None:
    """Say everything that is wrong with the deployment. Exit code 1 if anything is."""
    plan = current_plan()
    warnings = [warning for *_, resolved in _resolved(plan) for warning in resolved.warnings]
    left_out = [entry for entry in plan.entries if entry.problems and entry.on_failure == "skip"]
    warnings += [problem for entry in left_out for problem in entry.problems]
    if as_json:
        fields = ("plugin", "key", "message", "source", "remedy")
        rows = [("error", p) for p in plan.problems] + [("warning", w) for w in warnings]
        print_json([{"level": level} | {name: getattr(p, name) for name in fields} for level, p in rows])
    else:
        print_problems(plan)
        for warning in warnings:
            click.secho(f"warning: {warning}", err=True, fg="yellow")
        click.echo(f"Configuration: {plan.sources.file or f'none, there is no pegboard.toml in {plan.folder}'}")
        if not plan.problems:
            count = f"{len(plan.active)} of {len(plan.entries)}" if left_out else str(len(plan.active))
            well = "The board boots" if warnings else "All is well"
            click.echo(f"{well}: {count} plugins, environment {plan.settings.env}.")
    raise SystemExit(1 if plan.problems else 0)


@config.command()
@click.option("--env-file", is_flag=True, help="Write a .env.example instead of a pegboard.toml.")
def template(env_file: bool) -> None:
    """A commented pegboard.toml, or .env.example, of everything the enabled plugins let you set."""
    plan = current_plan()
    lines = _env_lines(plan) if env_file else _toml_lines(plan)
    click.echo("\n".join(lines).strip())


def settings_rows(plan: Plan) -> list[dict[str, str]]:
    """Each setting with its masked value and its source, as `config show --json` prints it."""
    return [
        {
            "table": table,
            "key": key,
            "value": _value(resolved, model, key),
            "source": str(resolved.origins.get(key, "")),
        }
        for table, model, resolved in _resolved(plan)
        for key in model.model_fields
    ]


def _value(resolved: Resolved[Any], model: type[SettingsModel], key: str) -> str:
    if key in {problem.key for problem in resolved.problems}:
        return "(not valid)" if key in resolved.found else "(not set)"
    if resolved.usable is not None:
        return shown(model, key, getattr(resolved.usable, key))
    default = model.model_fields[key].get_default(call_default_factory=True)
    return shown(model, key, resolved.found.get(key, default))


def shown(model: type[SettingsModel], key: str, value: Any) -> str:
    """A value as it may be shown: secrets masked, and passwords in URLs wherever they stand there."""
    if value is None:
        return ""
    if is_secret(model.model_fields[key]):
        return ", ".join(MASK for _ in value) if isinstance(value, tuple) else MASK
    return Redactor(()).named(_CREDENTIALS.sub(rf"\1:{MASK}", str(value)))


def _resolved(plan: Plan) -> Iterator[tuple[str, type[SettingsModel], Resolved[Any]]]:
    yield "pegboard", BoardSettings, plan.board
    for entry in plan.entries:
        if entry.settings is not None:
            yield entry.name, entry.plugin.Settings, entry.settings


def models(plan: Plan) -> Iterator[tuple[str, str, type[SettingsModel]]]:
    """The settings classes with their tables and what their variables begin with: the board's, then each plugin's."""
    yield "pegboard", "PEGBOARD_", BoardSettings
    for entry in plan.entries:
        model: type[PluginSettings] = entry.plugin.Settings
        yield entry.name, model.env_prefix or f"{entry.name.upper()}_", model


def _about(info: FieldInfo) -> str:
    extra = info.json_schema_extra
    where = f" Get it: {extra['where']}" if isinstance(extra, dict) and extra.get("where") else ""
    return f"{info.description or ''}{where}{' Required.' if info.is_required() else ''}"


def _toml_lines(plan: Plan) -> Iterator[str]:
    for table, prefix, model in models(plan):
        yield f"\n[{table}]"
        for key, info in model.model_fields.items():
            yield f"# {_about(info)}"
            if is_secret(info):
                yield f"# Better in the environment: {env_names(model, prefix, key)[0]}"
            else:
                yield f"# {_toml_setting(key, info)}"


def _toml_setting(key: str, info: FieldInfo) -> str:
    """The default, which may be uncommented as it stands; where there is none an example, or only the name."""
    default = info.get_default(call_default_factory=True)
    if not info.is_required() and default is not None:
        return f"{key} = {_toml(default)}"
    return f"{key} = {_toml(info.examples[0])}  # an example" if info.examples else f"{key}: not set"


def _toml(value: Any) -> str:
    """A value as TOML writes it; JSON's strings, numbers, lists and words are TOML's too."""
    if isinstance(value, dict):
        return "{ " + ", ".join(f"{key} = {_toml(item)}" for key, item in value.items()) + " }" if value else "{}"
    return json.dumps(value, ensure_ascii=False, default=str)


def _env_lines(plan: Plan) -> Iterator[str]:
    for table, prefix, model in models(plan):
        yield f"\n# {table}"
        for key, info in model.model_fields.items():
            yield f"# {_about(info)}"
            yield f"# {env_names(model, prefix, key)[0]}="
