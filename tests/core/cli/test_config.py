"""`pegboard config`: secrets are masked, origins are right, everything wrong is said, and the template is valid."""

from __future__ import annotations

import json
import re
import tomllib

import pytest

from tests.core.cli.deployment import Deployment

PLANTED = "planted-secret-value"


def test_show_masks_secrets_and_tells_where_each_value_came_from(
    deployment: Deployment, monkeypatch: pytest.MonkeyPatch
) -> None:
    name = deployment.plugin()
    deployment.write(f"secret_key_fallbacks = ['{PLANTED}']\n[{name}]\nsize = 7\ntoken = '{PLANTED}'\n")
    monkeypatch.setenv("SECRET_KEY", PLANTED)
    monkeypatch.setenv("DATABASE_URL", f"postgresql://app:{PLANTED}@localhost/app")
    monkeypatch.setenv("APP_URL", "https://shop.example")
    for result in (deployment.run("config", "show"), deployment.run("config", "show", "--json")):
        assert PLANTED not in result.output
    rows = {(row["table"], row["key"]): row for row in deployment.json("config", "show")}
    assert rows["pegboard", "secret_key"] == {
        "table": "pegboard", "key": "secret_key", "value": "********", "source": "SECRET_KEY in the environment",
    }  # fmt: skip
    assert rows["pegboard", "public_url"]["source"] == "APP_URL in the environment"
    assert rows["pegboard", "database_url"]["value"] == "postgresql://app:********@localhost/app"
    assert rows[name, "size"] == {
        "table": name, "key": "size", "value": "7", "source": f"[{name}] size in pegboard.toml",
    }  # fmt: skip
    assert rows[name, "on_failure"]["source"] == "default"


def test_show_shows_also_what_is_beside_a_wrong_value(deployment: Deployment) -> None:
    one, other = deployment.plugin(), deployment.plugin()
    deployment.write(
        f"env = 'mars'\napp_name = 'Club'\n[{one}]\nsize = 'many'\ntoken = '{PLANTED}'\n[{other}]\nsize = 4\n"
    )
    result = deployment.run("config", "show")
    assert PLANTED not in result.output
    for line in (
        "pegboard.env = (not valid)  ([pegboard] env in pegboard.toml)",
        "pegboard.app_name = Club  ([pegboard] app_name in pegboard.toml)",
        f"{one}.size = (not valid)  ([{one}] size in pegboard.toml)",
        f"{one}.token = ********  ([{one}] token in pegboard.toml)",
        f"{other}.size = 4  ([{other}] size in pegboard.toml)",
    ):
        assert line in result.stdout.splitlines()


def test_show_says_which_required_value_is_missing_and_masks_the_secrets_beside_it(deployment: Deployment) -> None:
    name = deployment.plugin()
    plugin = deployment.folder / name / "plugin.py"
    plugin.write_text(plugin.read_text().replace("size: int = Field(default=3, ", "size: int = Field("))
    deployment.write(f"[{name}]\ntoken = '{PLANTED}'\n")
    result = deployment.run("config", "show")
    assert PLANTED not in result.output
    assert {f"{name}.size = (not set)  (default)", f"{name}.on_failure = abort  (default)"} <= set(
        result.stdout.splitlines()
    )


NESTED = """
from pydantic import BaseModel, Field, SecretStr
from pegboard import Plugin, PluginSettings


class Server(BaseModel):
    host: str
    pin: SecretStr


class ServerSettings(PluginSettings):
    needed: str = Field(description="What it cannot do without.")
    servers: tuple[Server, ...] = Field(default=(), description="Where it asks.")


class {cls}(Plugin[ServerSettings]):
    name = "{name}"
    Settings = ServerSettings
"""


@pytest.mark.parametrize("needed", ["", "needed = 'x'\n"])
def test_show_masks_what_is_secret_in_a_table(deployment: Deployment, needed: str) -> None:
    name = deployment.plugin()
    (deployment.folder / name / "plugin.py").write_text(NESTED.format(name=name, cls=name.title()), encoding="utf-8")
    servers = f"[{name}]\n{needed}[[{name}.servers]]\nhost = 'a.example.com'\npin = '{PLANTED}'\n"
    deployment.write(servers)
    result = deployment.run("config", "show")
    assert f"{name}.servers = ********" in result.stdout
    assert PLANTED not in result.output


def test_show_masks_a_password_in_the_query_of_a_url(deployment: Deployment) -> None:
    deployment.write(f"database_url = 'postgresql://app@db/app?password={PLANTED}&sslmode=require'\n")
    result = deployment.run("config", "show")
    assert "postgresql://app@db/app?password=********&sslmode=require" in result.stdout
    assert PLANTED not in result.output


def test_check_lists_all_problems_with_their_source_and_no_secret(deployment: Deployment) -> None:
    one, other = deployment.plugin(), deployment.plugin()
    deployment.write(f"trusted_proxies = 'x'\n[{one}]\nsize = 'many'\n[{other}]\nsice = 3\ntoken = ['{PLANTED}']\n")
    result = deployment.run("config", "check")
    assert result.exit_code == 1
    assert PLANTED not in result.output
    for said in ("pegboard.trusted_proxies", f"{one}.size", f"[{one}] size in pegboard.toml", "did you mean 'size'?"):
        assert said in result.output
    found = deployment.json("config", "check")
    assert {row["plugin"] for row in found} == {"pegboard", one, other}


def test_check_is_content_with_a_sound_deployment(deployment: Deployment) -> None:
    deployment.plugin()
    deployment.write()
    result = deployment.run("config", "check")
    assert result.exit_code == 0
    assert "All is well: 1 plugins" in result.output


def test_check_says_which_plugins_were_skipped_and_never_that_all_is_well(deployment: Deployment) -> None:
    one, _ = deployment.plugin(), deployment.plugin()
    deployment.write(f"[{one}]\non_failure = 'skip'\nsize = 'many'\n")
    result = deployment.run("config", "check")
    assert result.exit_code == 0
    assert f"warning: {one}.size" in result.output
    assert "The board boots: 1 of 2 plugins" in result.output
    assert "All is well" not in result.output


def test_check_says_which_file_it_is_about(deployment: Deployment) -> None:
    assert f"Configuration: {deployment.folder / 'pegboard.toml'}" in deployment.run("config", "check").output
    (deployment.folder / "pegboard.toml").unlink()
    assert f"there is no pegboard.toml in {deployment.folder}" in deployment.run("config", "check").output


def test_a_hidden_secret_with_another_value_is_a_warning(
    deployment: Deployment, monkeypatch: pytest.MonkeyPatch
) -> None:
    name = deployment.plugin()
    deployment.write(f"[{name}]\ntoken = 'one'\n")
    monkeypatch.setenv(f"{name.upper()}_TOKEN", "two")
    assert "hidden by a stronger source" in deployment.run("config", "check").output


def test_the_template_is_valid_toml_with_everything_commented(deployment: Deployment) -> None:
    name = deployment.plugin()
    deployment.write()
    text = deployment.run("config", "template").stdout
    assert tomllib.loads(text) == {"pegboard": {}, name: {}}
    assert "Get it: https://example.com/keys" in text
    assert '# url_prefix = "/shop"  # an example' in text


def test_uncommenting_a_default_of_the_template_changes_nothing(deployment: Deployment) -> None:
    deployment.plugin()
    deployment.write()
    before = deployment.json("config", "show")
    text = deployment.run("config", "template").stdout
    lines = [line for line in text.splitlines() if not line.endswith("# an example")]
    uncommented = re.sub(r"(?m)^# (?=[a-z_]+ = )", "", "\n".join(lines)).replace("plugins = []", "")
    uncommented = re.sub(r"(?m)^builtins = .*$", "", uncommented)
    (deployment.folder / "pegboard.toml").write_text(
        uncommented.replace("[pegboard]", f"[pegboard]\nbuiltins = []\nplugins = {json.dumps(deployment.classes)}")
    )
    assert deployment.run("config", "check").exit_code == 0
    after = deployment.json("config", "show")
    assert [(row["key"], row["value"]) for row in after] == [(row["key"], row["value"]) for row in before]


def test_the_env_template_names_the_variables(deployment: Deployment) -> None:
    name = deployment.plugin()
    deployment.write()
    text = deployment.run("config", "template", "--env-file").stdout
    assert "# SECRET_KEY=" in text
    assert f"# {name.upper()}_TOKEN=" in text


def test_help_works_when_the_board_cannot_boot(deployment: Deployment) -> None:
    deployment.write(plugins=["nobody"])
    result = deployment.run("--help")
    assert result.exit_code == 0
    assert "config" in result.stdout
    assert "no plugin of the name 'nobody'" in result.stderr
