"""`pegboard run` serves, and in safe mode what is left."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from pegboard import create_app
from pegboard.cli.run import warn_of_pending
from tests.core.cli.deployment import Deployment
from tests.serving import foreign_environment, free_port, get, served


@pytest.mark.slow
def test_run_answers_on_its_port(tmp_path: Path) -> None:
    (tmp_path / "pegboard.toml").write_text("[pegboard]\nbuiltins = []\n", encoding="utf-8")
    port = free_port()
    command = [str(Path(sys.executable).parent / "pegboard"), "run", "--port", str(port)]
    with served(command, port=port, folder=tmp_path, environment=foreign_environment()) as url:
        assert get(f"{url}/healthz")[0] == 200


@pytest.mark.slow
def test_safe_says_what_is_off_and_why_and_serves_the_rest(tmp_path: Path) -> None:
    (tmp_path / "broken.py").write_text("import nosuch_library\n", encoding="utf-8")
    plugins = "builtins = ['home']\nplugins = ['broken:Broken']\n"
    (tmp_path / "pegboard.toml").write_text(f"[pegboard]\n{plugins}", encoding="utf-8")
    port, environment = free_port(), foreign_environment()
    command = [str(Path(sys.executable).parent / "pegboard"), "run", "--port", str(port)]
    done = subprocess.run(
        command, cwd=tmp_path, env=environment, capture_output=True, text=True, timeout=60, check=False
    )
    assert done.returncode == 1
    assert "To run the board without what fails: pegboard run --safe" in done.stderr
    with served([*command, "--safe"], port=port, folder=tmp_path, environment=environment) as url:
        assert get(f"{url}/")[0] == 200
    log = (tmp_path / f"server-{port}.log").read_text(encoding="utf-8")
    assert "broken:Broken is off: cannot be imported: ModuleNotFoundError" in log
    assert "Safe mode: the rest of the board runs." in log
    assert "Traceback" not in log


def test_a_database_that_does_not_answer_is_said_and_does_not_stop_the_start(
    deployment: Deployment, capsys: pytest.CaptureFixture[str]
) -> None:
    deployment.plugin(models=True)
    deployment.write("database_url = 'postgresql://app:hunter2@127.0.0.1:1/app'")
    warn_of_pending(create_app())
    said = capsys.readouterr().err
    assert "Connection refused" in said
    assert "hunter2" not in said


def test_a_migration_that_cannot_be_read_does_not_stop_the_start_either(
    deployment: Deployment, capsys: pytest.CaptureFixture[str]
) -> None:
    name = deployment.plugin(models=True)
    deployment.write()
    deployment.run("db", "migrate", "--plugin", name)
    (revision,) = (deployment.folder / name / "migrations" / "versions").glob("*.py")
    revision.write_text("def upgrade(:\n", encoding="utf-8")
    warn_of_pending(create_app())
    assert "Whether migrations are pending cannot be told (SyntaxError)" in capsys.readouterr().err
