"""`make run` and `make test` prepare an environment once, and again when something that it is made from has changed."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import pytest

from tools import environment
from tools.installer import InstallError


class Installer:
    """Stands in for uv: notes what it is asked, and fails at a chosen word."""

    def __init__(self, root: Path) -> None:
        self.root = root
        self.asked: list[str] = []
        self.fails_at = ""

    def __call__(self, arguments: Sequence[str | Path]) -> bool:
        line = " ".join(map(str, arguments))
        self.asked.append(line)
        if self.fails_at and self.fails_at in line:
            return False
        if arguments[0] == "venv":
            Path(arguments[-1]).mkdir(parents=True, exist_ok=True)
        if "--editable" in line:
            environment.VENDORED.parent.mkdir(parents=True, exist_ok=True)
            environment.VENDORED.touch()
        return True


@pytest.fixture
def installer(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Installer:
    (tmp_path / "requirements").mkdir()
    (tmp_path / "pattern").mkdir()
    locks = ("requirements/run.txt", "requirements/dev.txt", "requirements/peers.txt")
    for name in ("setup.cfg", "setup.py", "pyproject.toml", "pattern/pyproject.toml", *locks):
        (tmp_path / name).write_text("as it was", encoding="utf-8")
    installer = Installer(tmp_path)
    monkeypatch.setattr(environment, "ROOT", tmp_path)
    monkeypatch.setattr(environment, "LOCKS", tmp_path / "requirements")
    monkeypatch.setattr(environment, "FOLDERS", {"run": tmp_path / ".venv-run", "dev": tmp_path / ".venv"})
    monkeypatch.setattr(environment, "VENDORED", tmp_path / "vendor.css")
    monkeypatch.setattr(environment, "plugin_folders", list)
    monkeypatch.setattr(environment, "example_folders", lambda: [tmp_path / "pattern"])
    monkeypatch.setattr(environment, "run_uv", installer)
    return installer


def test_the_second_start_installs_nothing(installer: Installer) -> None:
    environment.prepare("run")
    first = len(installer.asked)
    environment.prepare("run")

    assert first > 0
    assert len(installer.asked) == first


@pytest.mark.parametrize("changed", ["requirements/run.txt", "requirements/peers.txt", "setup.cfg", "pyproject.toml"])
def test_a_changed_file_installs_again(changed: str, installer: Installer) -> None:
    environment.prepare("run")
    first = len(installer.asked)
    (installer.root / changed).write_text("as it is now", encoding="utf-8")
    environment.prepare("run")

    assert len(installer.asked) == 2 * first


def test_the_examples_are_installed_for_development_alone(installer: Installer) -> None:
    pattern = f"--editable {installer.root / 'pattern'}"
    environment.prepare("run")
    assert pattern not in installer.asked[-1]

    environment.prepare("dev")
    assert pattern in installer.asked[-1]

    before = len(installer.asked)
    (installer.root / "pattern/pyproject.toml").write_text("as it is now", encoding="utf-8")
    environment.prepare("run")
    assert len(installer.asked) == before
    environment.prepare("dev")
    assert len(installer.asked) > before


def test_front_end_files_that_are_gone_are_brought_back(installer: Installer) -> None:
    environment.prepare("run")
    environment.VENDORED.unlink()
    environment.prepare("run")

    assert environment.VENDORED.exists()


def test_a_failed_installation_is_an_error_and_begins_again_next_time(installer: Installer) -> None:
    installer.fails_at = "run.txt"
    with pytest.raises(InstallError, match="package index"):
        environment.prepare("run")
    installer.fails_at = ""
    environment.prepare("run")

    assert "--editable" in installer.asked[-1]


def test_a_platform_without_a_wheel_of_a_local_server_runs_without_it(
    installer: Installer, capsys: pytest.CaptureFixture[str]
) -> None:
    installer.fails_at = "peers.txt"
    environment.prepare("run")

    assert "the embedded providers serve" in capsys.readouterr().err
    assert (installer.root / ".venv-run/installed").exists()
