"""`pegboard doctor`: groups, words, remedies, stable JSON, an honest exit code, and neither traceback nor secret."""

from __future__ import annotations

import pytest

from tests.core.cli.deployment import Deployment
from tests.core.cli.doctor.conftest import Ask

PLANTED = "planted-secret-value-42"


def test_a_sound_deployment_is_well_in_every_group(deployment: Deployment) -> None:
    deployment.plugin()
    deployment.write()
    result = deployment.run("doctor")
    assert result.exit_code == 0, result.output
    for group in ("Machine", "Configuration", "Database", "Plugins"):
        assert f"{group}\n  ok " in result.output
    assert "All is well" in result.output


def test_json_has_four_fields_whose_names_do_not_change(ask: Ask) -> None:
    for row in ask().values():
        assert list(row) == ["check", "state", "message", "remedy"]
        assert row["state"] in ("ok", "warning", "failed", "skipped")
        assert row["message"]


def test_what_fails_has_its_remedy_below_it_and_counts(deployment: Deployment) -> None:
    name = deployment.plugin()
    deployment.write(f"[{name}]\nsize = 'many'\n[nosuch]\nx = 1\n")
    result = deployment.run("doctor")
    assert result.exit_code == 1
    assert f"FAILED   {name}.size" in result.output
    assert "→ correct it there" in result.output
    assert "warning  nosuch" in result.output
    assert "1 of " in result.output
    assert "checks failed, 1 warning." in result.output


def test_warnings_alone_are_no_failure(deployment: Deployment) -> None:
    deployment.write("[nosuch]\nx = 1\n")
    result = deployment.run("doctor")
    assert result.exit_code == 0
    assert "No check failed, 1 warning." in result.output


CARELESS = '''
from pegboard import Plugin, PluginSettings, hookimpl
from pegboard.contributions import HealthCheck
from pydantic import Field, SecretStr


class CarelessSettings(PluginSettings):
    token: SecretStr = Field(description="Opens it.")


class Careless(Plugin[CarelessSettings]):
    """Says what it should not."""

    name = "{name}"
    Settings = CarelessSettings

    @hookimpl
    def health_checks(self):
        yield HealthCheck("vendor", self.ask)

    def ask(self) -> None:
        raise RuntimeError(f"the vendor refused {{self.settings.token.get_secret_value()}}\\nand gave no reason")

    @hookimpl
    def app_ready(self, app) -> None:
        {ready}
'''


def careless(deployment: Deployment, ready: str = "pass", on_failure: str = "abort") -> str:
    name = deployment.plugin()
    (deployment.folder / name / "plugin.py").write_text(CARELESS.format(name=name, ready=ready), encoding="utf-8")
    deployment.write(
        f"[{name}]\ntoken = '{PLANTED}'\non_failure = '{on_failure}'\n", plugins=[f"{name}.plugin:Careless"]
    )
    return name


def test_a_secret_in_an_error_is_masked(deployment: Deployment, ask: Ask) -> None:
    name = careless(deployment)
    found = ask()[f"plugins.{name}.vendor"]
    assert found["state"] == "failed"
    assert found["message"] == "RuntimeError: the vendor refused ******** and gave no reason"
    assert PLANTED not in deployment.run("doctor").output


@pytest.mark.parametrize("on_failure", ["abort", "skip"])
def test_a_board_that_fails_while_it_starts_is_told_without_a_traceback(
    deployment: Deployment, ask: Ask, on_failure: str, caplog: pytest.LogCaptureFixture
) -> None:
    name = careless(deployment, "raise RuntimeError(self.settings.token.get_secret_value())", on_failure)
    found = ask()[f"plugins.{name}.app_ready"]
    assert found["state"] == "failed"
    assert "RuntimeError: ********" in found["message"]
    result = deployment.run("doctor")
    assert result.exit_code == 1
    assert "Traceback" not in result.output
    assert caplog.text == ""


def test_a_broken_file_of_settings_is_told(deployment: Deployment, ask: Ask) -> None:
    (deployment.folder / "pegboard.toml").write_text("[pegboard\n", encoding="utf-8")
    found = ask()
    assert "not valid TOML" in found["configuration.file"]["message"]
    assert [check for check, row in found.items() if row["state"] == "failed"] == ["configuration.file"]


@pytest.mark.parametrize("file", ["pegboard.toml", ".env"])
def test_where_the_settings_cannot_be_read_nothing_is_said_to_be_well_that_depends_on_them(
    deployment: Deployment, ask: Ask, file: str
) -> None:
    (deployment.folder / file).write_bytes(b"\xff")
    found = {check: row["state"] for check, row in ask().items()}
    assert {check for check, state in found.items() if state == "ok"} <= {
        "machine.python",
        "machine.packages",
        "machine.clock",
    }
    assert found["database.connection"] == found["plugins.health"] == "skipped"
