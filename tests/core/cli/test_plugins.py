"""`pegboard plugins`: the list tells the truth, and switching keeps the file as its author wrote it."""

from __future__ import annotations

from importlib.metadata import version

import pytest

from pegboard.errors import ConfigError
from tests.core.cli.deployment import Deployment


def test_the_list_shows_what_each_plugin_contributes(deployment: Deployment) -> None:
    name = deployment.plugin(models=True)
    deployment.write()
    row = next(row for row in deployment.json("plugins", "list") if row["name"] == name)
    assert row["state"] == "enabled"
    assert row["description"] == f"Sells {name}."
    assert row["contributes"]["URLs"] == [f"/{name}/hello"]
    assert row["contributes"]["tables"] == [f"{name}_things"]
    assert row["contributes"]["settings"] == ["size", "token"]
    assert row["milliseconds"] >= 0
    assert name in deployment.run("plugins", "list").output


def test_an_installed_plugin_that_is_not_enabled_is_listed_and_not_loaded(deployment: Deployment) -> None:
    row = next(row for row in deployment.json("plugins", "list") if row["name"] == "accounts")
    assert row["state"] == "installed"
    assert row["contributes"] == "not loaded"
    assert row["version"] == version("pegboard")


def test_the_list_works_when_the_board_cannot_boot_and_says_why(deployment: Deployment) -> None:
    name = deployment.plugin(requires=("nobody",))
    deployment.write()
    row = next(row for row in deployment.json("plugins", "list") if row["name"] == name)
    assert "requires 'nobody'" in row["reasons"][0]


def test_a_plugin_that_cannot_be_found_is_listed_with_the_places_that_were_looked_at(deployment: Deployment) -> None:
    deployment.write(plugins=["nowhere:Nobody"])
    row = next(row for row in deployment.json("plugins", "list") if row["name"] == "nowhere:Nobody")
    assert row["state"] == "failed"
    assert f"no module 'nowhere': it was looked for in {deployment.folder}" in row["reasons"][0]
    assert "[pegboard] plugins in pegboard.toml" in row["reasons"][0]


def test_a_plugin_with_wrong_settings_is_listed_as_failed(deployment: Deployment) -> None:
    name = deployment.plugin()
    deployment.write(f"[{name}]\nsize = 'many'\n")
    row = next(row for row in deployment.json("plugins", "list") if row["name"] == name)
    assert row["state"] == "failed"


def test_the_graph_shows_the_boot_order(deployment: Deployment) -> None:
    first = deployment.plugin()
    second = deployment.plugin(requires=(first,))
    deployment.write(plugins=list(reversed(deployment.classes)))
    assert [row["name"] for row in deployment.json("plugins", "graph")] == [first, second]
    assert f"{second}  ← {first}" in deployment.run("plugins", "graph").output


def test_enabling_keeps_comments_and_lists_what_is_added(deployment: Deployment) -> None:
    name = deployment.plugin(models=True)
    deployment.write(plugins=[])
    result = deployment.run("plugins", "enable", deployment.classes[0], "--no-migrate")
    assert result.exit_code == 0, result.output
    text = (deployment.folder / "pegboard.toml").read_text(encoding="utf-8")
    assert text.startswith("# kept\n")
    assert f'plugins = ["{deployment.classes[0]}"] # and this' in text
    for said in (f"/{name}/hello", f"{name}_things", "size, token", f"pegboard db upgrade --plugin {name}"):
        assert said in result.output


KEYED = '''
from collections.abc import Iterable, Mapping
from flask import Blueprint
from pydantic import Field, SecretStr
from pegboard import Plugin, PluginSettings, hookimpl
from pegboard.contributions import Slot


class {cls}Settings(PluginSettings):
    token: SecretStr = Field(description="Opens it.", json_schema_extra={{"where": "https://example.com/keys"}})


class {cls}(Plugin[{cls}Settings]):
    """Needs a key."""

    name = "{name}"
    Settings = {cls}Settings

    @hookimpl
    def blueprints(self) -> Iterable[Blueprint]:
        blueprint = Blueprint("{name}", __name__)
        blueprint.add_url_rule("/hello", endpoint="hello", view_func=lambda: "hello")
        return [blueprint]

    @hookimpl
    def slots(self) -> Iterable[Slot]:
        self.settings.token.get_secret_value()
        return [Slot("footer", str)]

    @hookimpl
    def content_security_policy(self) -> Mapping[str, Iterable[str]]:
        return {{"img-src": ["https://cdn.example.com"]}}
'''


def keyed(deployment: Deployment) -> str:
    name = deployment.plugin(models=True)
    (deployment.folder / name / "plugin.py").write_text(KEYED.format(name=name, cls=name.title()), encoding="utf-8")
    deployment.write(plugins=[])
    return name


def test_enabling_without_a_required_setting_says_what_is_added_and_where_to_get_it(deployment: Deployment) -> None:
    name = keyed(deployment)
    result = deployment.run("plugins", "enable", deployment.classes[0])
    assert result.exit_code == 0, result.output
    for said in (
        f"URLs: /{name}/hello", "CSP hosts: https://cdn.example.com", f"tables: {name}_things",
        "known when its settings are: slots", f"set {name.upper()}_TOKEN; get it: https://example.com/keys",
    ):  # fmt: skip
        assert said in result.output


def test_enabling_with_migrate_creates_its_tables(deployment: Deployment, monkeypatch: pytest.MonkeyPatch) -> None:
    name = keyed(deployment)
    monkeypatch.setenv(f"{name.upper()}_TOKEN", "x")
    deployment.write()
    deployment.run("db", "migrate", "--plugin", name)
    deployment.write(plugins=[])
    result = deployment.run("plugins", "enable", deployment.classes[0], "--migrate")
    assert f"Upgraded: core, {name}." in result.output
    assert "slots: footer" in result.output
    assert deployment.run("db", "check").exit_code == 0


def test_a_list_that_an_overlay_hides_is_not_edited(deployment: Deployment) -> None:
    deployment.plugin()
    deployment.write("[env.development.pegboard]\nplugins = []\n", plugins=["kept.plugin:Kept"])
    before = (deployment.folder / "pegboard.toml").read_bytes()
    result = deployment.run("plugins", "enable", deployment.classes[0])
    assert "set in [env.development] of pegboard.toml, which hides [pegboard]" in str(result.exception)
    assert (deployment.folder / "pegboard.toml").read_bytes() == before


@pytest.mark.parametrize("command", [["list"], ["list", "--json"], ["graph"], ["enable", "home"], ["disable", "home"]])
def test_of_a_file_that_cannot_be_read_the_place_is_named_and_nothing_else_said(
    deployment: Deployment, command: list[str]
) -> None:
    (deployment.folder / "pegboard.toml").write_text('[pegboard]\nplugins = ["s3_stor', encoding="utf-8")
    result = deployment.run("plugins", *command)
    assert isinstance(result.exception, ConfigError)
    assert "not valid TOML: Unterminated string" in str(result.exception)
    assert result.stdout == ""


def test_a_builtin_is_enabled_among_the_builtins(deployment: Deployment) -> None:
    deployment.write()
    assert deployment.run("plugins", "enable", "home").exit_code == 0
    assert 'builtins = ["home"]' in (deployment.folder / "pegboard.toml").read_text(encoding="utf-8")


def test_enabling_twice_and_enabling_what_is_not_installed_are_refused(deployment: Deployment) -> None:
    deployment.plugin()
    deployment.write()
    assert "enabled already" in deployment.run("plugins", "enable", deployment.classes[0]).output
    assert "did you mean 'accounts'" in deployment.run("plugins", "enable", "acounts").output


def test_disabling_says_what_stops_and_what_stays(deployment: Deployment) -> None:
    name = deployment.plugin(models=True)
    deployment.write()
    result = deployment.run("plugins", "disable", name)
    assert result.exit_code == 0, result.output
    assert f"stops: URLs /{name}/hello" in result.output
    assert f"stays: tables {name}_things" in result.output
    assert "plugins = [] # and this" in (deployment.folder / "pegboard.toml").read_text(encoding="utf-8")


def test_a_plugin_that_others_require_is_not_disabled(deployment: Deployment) -> None:
    first = deployment.plugin()
    second = deployment.plugin(requires=(first,))
    deployment.write()
    assert f"required by {second}" in deployment.run("plugins", "disable", first).output


def test_a_list_hidden_by_the_environment_is_not_edited(
    deployment: Deployment, monkeypatch: pytest.MonkeyPatch
) -> None:
    deployment.plugin()
    deployment.write(plugins=[])
    monkeypatch.setenv("PEGBOARD_PLUGINS", "")
    monkeypatch.setenv("PEGBOARD_PLUGINS", "[]")
    before = (deployment.folder / "pegboard.toml").read_bytes()
    assert "hides the file" in str(deployment.run("plugins", "enable", deployment.classes[0]).exception)
    assert (deployment.folder / "pegboard.toml").read_bytes() == before
