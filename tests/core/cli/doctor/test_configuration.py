"""What the doctor says about the configuration."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.core.cli.deployment import Deployment
from tests.core.cli.doctor.conftest import Ask


def test_a_production_board_without_a_fault_is_well(
    deployment: Deployment, ask: Ask, production: pytest.MonkeyPatch
) -> None:
    assert deployment.run("db", "upgrade").exit_code == 0
    assert {row["state"] for row in ask().values()} == {"ok"}
    assert ask()["configuration.public_url"]["message"] == "https://shop.example"
    assert deployment.run("doctor").exit_code == 0


@pytest.mark.parametrize(
    ("url", "state", "words"),
    [
        ("http://shop.example", "failed", "is not https"),
        ("http://127.0.0.1:5000", "warning", "leads nobody but this machine here"),
        ("https://localhost", "warning", "leads nobody but this machine here"),
        ("https://shop.example/board/", "warning", "links begin with /board"),
    ],
)
def test_an_address_that_leads_astray_is_told(
    ask: Ask, production: pytest.MonkeyPatch, url: str, state: str, words: str
) -> None:
    production.setenv("PUBLIC_URL", url)
    found = ask()["configuration.public_url"]
    assert found["state"] == state
    assert words in found["message"]
    assert found["remedy"]


def test_https_without_a_trusted_proxy_is_a_warning(ask: Ask, production: pytest.MonkeyPatch) -> None:
    production.setenv("TRUSTED_PROXIES", "0")
    assert ask()["configuration.trusted_proxies"]["state"] == "warning"


def test_a_weak_key_is_a_warning_in_development_and_a_failure_in_production(
    ask: Ask, production: pytest.MonkeyPatch
) -> None:
    production.setenv("SECRET_KEY", "hunter2hunter2")
    assert ask()["configuration.secret_key"]["state"] == "failed"
    production.setenv("PEGBOARD_ENV", "development")
    found = ask()["configuration.secret_key"]
    assert found["state"] == "warning"
    assert "too short (from SECRET_KEY in the environment)" in found["message"]
    assert "hunter2" not in str(ask())


def test_everything_production_demands_is_told_at_once(ask: Ask, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PEGBOARD_ENV", "production")
    found = ask()
    for key in ("secret_key", "public_url", "database_url"):
        assert found[f"configuration.{key}"]["state"] == "failed"
        assert found[f"configuration.{key}"]["remedy"] == f"set {key.upper()}"


def test_safe_mode_is_a_warning(ask: Ask, production: pytest.MonkeyPatch) -> None:
    production.setenv("PEGBOARD_SAFE", "1")
    found = ask()["configuration.environment"]
    assert (found["state"], found["message"]) == (
        "warning", "safe mode is on in production (from PEGBOARD_SAFE in the environment)",
    )  # fmt: skip


def test_who_serves_a_capability_is_told(deployment: Deployment, ask: Ask) -> None:
    (deployment.folder / "pegboard.toml").write_text(
        "[pegboard]\nbuiltins = ['files', 'local_files']\n", encoding="utf-8"
    )
    assert ask()["configuration.providers.files"]["message"] == "local (by default)"
    (deployment.folder / "pegboard.toml").write_text("[pegboard]\nbuiltins = ['files']\n", encoding="utf-8")
    assert ask()["configuration.providers.files"]["state"] == "warning"


def test_settings_that_nobody_reads_are_told(
    deployment: Deployment, ask: Ask, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    name = deployment.plugin()
    deployment.write("[accounts]\nsign_up = false\n[accuonts]\nsign_up = false\n")
    (tmp_path / ".env").write_text(f"{name.upper()}_SIZ=4\nSOMEBODY_ELSES=1\n{name.upper()}_SIZE=4\n", encoding="utf-8")
    monkeypatch.setenv("PEGBOARD_APP_NMAE", "x")
    monkeypatch.setenv("PEGBOARD_NOSUCH_THING", "x")
    monkeypatch.setenv("UNRELATED_VARIABLE", "x")
    found = {check: row for check, row in ask().items() if row["state"] == "warning"}
    assert found["configuration.accuonts"]["remedy"] == "did you mean 'accounts'?"
    assert "installed, and not enabled" in found["configuration.leftovers.accounts"]["message"]
    assert found[f"configuration.leftovers.{name.upper()}_SIZ"]["remedy"] == f"did you mean {name.upper()}_SIZE?"
    assert found["configuration.leftovers.PEGBOARD_APP_NMAE"]["remedy"] == "did you mean PEGBOARD_APP_NAME?"
    assert {"configuration.leftovers.SOMEBODY_ELSES", "configuration.leftovers.PEGBOARD_NOSUCH_THING"} <= set(found)
    assert len(found) == 6


def test_a_secrets_folder_that_cannot_be_read_is_told(
    ask: Ask, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    folder = tmp_path / "secrets"
    folder.mkdir()
    monkeypatch.setenv("PEGBOARD_SECRETS_DIR", str(folder))

    def refuse(path: Path) -> None:
        raise PermissionError(13, "Permission denied", str(path))

    monkeypatch.setattr(Path, "iterdir", refuse)
    assert any("the secrets cannot be read: Permission denied" in row["message"] for row in ask().values())


def test_a_folder_without_a_deployment_is_told(
    deployment: Deployment, ask: Ask, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PEGBOARD_BUILTINS", "[]")
    (deployment.folder / "pegboard.toml").unlink()
    found = ask()["configuration.file"]
    assert (found["state"], found["message"]) == ("warning", f"there is no pegboard.toml in {deployment.folder}")
