"""`pegboard plugins verify` says what is wrong, where, why it matters and how to mend it, for people and for scripts."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from pegboard.cli import cli
from pegboard.cli.verify import _sum_up
from pegboard.errors import ConfigError
from pegboard.verification import Outcome, Report
from tests.core.verification.planting import Planted


def run(*arguments: str) -> Result:
    return CliRunner().invoke(cli, ["plugins", "verify", *arguments])


@pytest.mark.slow
def test_a_finding_is_explained_and_the_exit_code_is_1(planted: Planted) -> None:
    planted.change("README.md", "## Limits", "## End")
    result = run(planted.name, "--only", "readme", "--only", "package")
    assert result.exit_code == 1, result.output
    assert "ok       package     the wheel holds every file of the package" in result.output
    assert "error    readme      it does not say what the plugin cannot do" in result.output
    explained = result.output.partition("error: it does not say what the plugin cannot do")[2]
    assert [line.split(":")[0].strip() for line in explained.splitlines()[1:4]] == ["where", "why", "mend"]
    assert f"{planted.name} 1.2: 1 finding. It adds " in result.output
    assert "ms of processor time to a boot." in result.output


@pytest.mark.slow
def test_a_warning_alone_leaves_the_exit_code_at_0(planted: Planted) -> None:
    planted.change("~/settings.py", "    words:", "    api_token: str = 'x'\n    words:")
    result = run(planted.name, "--only", "secrets")
    assert result.exit_code == 0, result.output
    assert f"{planted.name} 1.2 is clean: 1 warning." in result.output


@pytest.mark.parametrize(
    ("skipped", "said"), [((), "2 checks."), ((1,), "1 check not made."), ((0, 1), "2 checks not made.")]
)
def test_checks_are_counted_by_what_was_not_made(
    capsys: pytest.CaptureFixture[str], skipped: tuple[int, ...], said: str
) -> None:
    outcomes = [Outcome(check, skipped=number in skipped) for number, check in enumerate(("readme", "contract"))]
    _sum_up(Report("shop", outcomes=outcomes))
    assert capsys.readouterr().out == f"\nshop is clean: {said}\n"


@pytest.mark.slow
def test_the_json_holds_every_check_and_finding(planted: Planted) -> None:
    planted.change("~/plugin.py", "        pass\n", "        1 / 0\n")
    result = run(planted.name, "--json", "--only", "boot", "--only", "settings")
    assert result.exit_code == 1
    report = json.loads(result.output)
    assert (report["plugin"], report["version"], report["passed"]) == (planted.name, "1.2", False)
    assert report["checks"] == [
        {"check": "boot", "state": "error", "note": ""},
        {"check": "settings", "state": "skipped", "note": "it does not boot"},
    ]
    (finding,) = report["findings"]
    assert finding.keys() == {"check", "what", "why", "remedy", "where", "level"}
    assert finding["where"] == f"{planted.package.name}/plugin.py:24"


@pytest.mark.slow
def test_a_plugin_beside_the_configuration_is_verified_among_what_is_enabled(planted: Planted, tmp_path: Path) -> None:
    """The deployment's file is read and its plugins are neighbours, though nothing of it is booted or changed."""
    code = (
        'from flask import Blueprint\nfrom pegboard import Plugin, hookimpl\n\n\nclass {cls}(Plugin):\n    name = "{name}"\n'
        '    url_prefix = "/corner"\n\n    @hookimpl\n    def blueprints(self):\n        shop = Blueprint("{name}", __name__)\n'
        '        shop.add_url_rule("/", "index", lambda: "")\n        yield shop\n'
    )
    for name in ("corner_shop", "corner_cafe"):
        (tmp_path / f"{name}.py").write_text(
            code.format(cls=name.title().replace("_", ""), name=name), encoding="utf-8"
        )
    configuration = tmp_path / "pegboard.toml"
    configuration.write_text('[pegboard]\nplugins = ["corner_cafe:CornerCafe"]\n', encoding="utf-8")
    before = sorted(tmp_path.iterdir())
    result = run("corner_shop:CornerShop", "--only", "neighbours")
    assert "the URL /corner/ (GET) is taken by" in result.output
    assert result.exit_code == 1
    assert [path for path in sorted(tmp_path.iterdir()) if path.name != "__pycache__"] == before


def test_an_unknown_plugin_or_check_is_said_with_the_choices(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    unknown = run("acounts")
    assert isinstance(unknown.exception, ConfigError)
    assert "did you mean 'accounts'?, or module:Class" in str(unknown.exception)
    check = run("accounts", "--only", "colour")
    assert check.exit_code == 2
    assert "'colour' is none of: boot, disabled" in check.output
