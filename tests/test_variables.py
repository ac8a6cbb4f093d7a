"""The conventional variables, one table: each is read under its own name, or arrives with a plugin that has to read it."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from pydantic import SecretStr

from pegboard.board import Plan, assemble
from pegboard.discovery import Installed
from pegboard.errors import Problem
from pegboard.plugin import Plugin
from pegboard.settings import env_names
from pegboard.sources import read_sources

BOARD = "pegboard"
READ = {
    "APP_NAME": (BOARD, "app_name", "Corner Shop"),
    "PUBLIC_URL": (BOARD, "public_url", "https://shop.example.com"),
    "APP_URL": (BOARD, "public_url", "https://shop.example.com"),
    "DATABASE_URL": (BOARD, "database_url", "sqlite:///shop.db"),
    "SECRET_KEY": (BOARD, "secret_key", "0123456789abcdefghijklmnopqrstuvwxyz"),
    "TRUSTED_PROXIES": (BOARD, "trusted_proxies", "2"),
    "AWS_REGION": ("s3_storage", "region", "eu-west-1"),
    "AWS_ACCESS_KEY_ID": ("s3_storage", "access_key_id", "AKIA1"),
    "AWS_SECRET_ACCESS_KEY": ("s3_storage", "secret_access_key", "planted-secret"),
    "S3_BUCKET_NAME": ("s3_storage", "bucket", "shop-files"),
}
ARRIVES_WITH = {
    "STRIPE_SECRET_KEY": "stripe_billing",
    "STRIPE_PUBLISHABLE_KEY": "stripe_billing",
    "STRIPE_WEBHOOK_SECRET": "stripe_billing",
    "RESEND_API_KEY": "email_resend",
    "EMAIL_FROM": "email_resend",
    "GOOGLE_CLIENT_ID": "oauth_google",
    "GOOGLE_CLIENT_SECRET": "oauth_google",
    "GA_MEASUREMENT_ID": "ga4",
}
# What a plugin needs beside the one variable that is tried.
NEEDED = {name: READ[name][2] for name in ("S3_BUCKET_NAME", "AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY")}


def planned(folder: Path, variables: dict[str, str]) -> Plan:
    """A plan of everything that the table speaks of, from these variables alone."""
    plugins = sorted({plugin for plugin, _, _ in READ.values()} - {BOARD})
    (folder / "pegboard.toml").write_text(f"[pegboard]\nplugins = {plugins}\n", encoding="utf-8")
    plan = assemble(read_sources(folder / "pegboard.toml", environ=variables))
    assert plan.problems == []
    return plan


def value_and_origin(plan: Plan, plugin: str, field: str) -> tuple[str, str]:
    """What a setting has become, and where it came from."""
    entry = plan.entry(plugin)
    found: Any = plan.board if plugin == BOARD else entry.settings if entry else None
    value = getattr(found.value, field)
    shown = value.get_secret_value() if isinstance(value, SecretStr) else str(value)
    return shown, str(found.origins[field])


def reads(plugin: type[Plugin[Any]], variable: str) -> bool:
    """Whether any setting of a plugin is read from the variable."""
    prefix = plugin.Settings.env_prefix or f"{plugin.name.upper()}_"
    return any(variable in env_names(plugin.Settings, prefix, key) for key in plugin.Settings.model_fields)


@pytest.mark.parametrize("variable", READ)
def test_a_variable_is_read_under_its_own_name(variable: str, tmp_path: Path) -> None:
    plugin, field, value = READ[variable]
    plan = planned(tmp_path, {**NEEDED, variable: value})
    assert value_and_origin(plan, plugin, field) == (value, f"{variable} in the environment")


def test_all_of_them_together_are_read(tmp_path: Path) -> None:
    plan = planned(tmp_path, {name: value for name, (_, _, value) in READ.items()})
    for plugin, field, value in READ.values():
        assert value_and_origin(plan, plugin, field)[0] == value


@pytest.mark.parametrize(("variable", "name"), ARRIVES_WITH.items())
def test_a_variable_that_has_not_arrived_comes_with_its_plugin(variable: str, name: str) -> None:
    installed = Installed()
    if name not in installed.names:
        return
    found = installed.load(name)
    assert not isinstance(found, Problem), found
    assert reads(found.plugin, variable), f"{name} is here, and no setting of it is read from {variable}"


def test_a_plugin_that_does_not_read_a_variable_is_noticed() -> None:
    found = Installed().load("s3_storage")
    assert not isinstance(found, Problem)
    assert reads(found.plugin, "AWS_REGION")
    assert not reads(found.plugin, "STRIPE_SECRET_KEY")
