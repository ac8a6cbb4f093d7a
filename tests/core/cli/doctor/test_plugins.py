"""What the doctor says about plugins, and that none of their checks can hold it up."""

from __future__ import annotations

import subprocess
import sys
import threading
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from flask import Flask

from pegboard import Plugin
from pegboard.cli.doctor.plugins import health
from pegboard.contributions import HealthCheck
from tests.core.cli.deployment import Deployment
from tests.core.cli.doctor.conftest import Ask
from tests.serving import foreign_environment

MakePlugin = Callable[..., type[Plugin[Any]]]
MakeBoard = Callable[..., Flask]


def test_each_plugin_is_listed_and_health_waits_for_a_board_that_boots(deployment: Deployment, ask: Ask) -> None:
    one = deployment.plugin()
    deployment.write()
    assert ask()[f"plugins.{one}"]["state"] == "ok"
    other = deployment.plugin(requires=("nobody",))
    deployment.write()
    found = ask()
    assert "requires 'nobody'" in found[f"plugins.{other}.requires"]["message"]
    assert found["plugins.health"]["state"] == "skipped"


def test_a_plugin_left_out_with_permission_is_a_failure_too(deployment: Deployment, ask: Ask) -> None:
    name = deployment.plugin()
    deployment.write(f"[{name}]\nsize = 'many'\non_failure = 'skip'\n")
    found = ask()
    assert found[f"plugins.{name}.size"]["state"] == "failed"
    assert deployment.run("doctor").exit_code == 1


def test_a_check_that_hangs_is_told_and_holds_up_nobody(make_board: MakeBoard, make_plugin: MakePlugin) -> None:
    released = threading.Event()

    def hang() -> None:
        released.wait()

    checks = [HealthCheck("hangs", hang), HealthCheck("answers", lambda: None)]
    app = make_board(make_plugin("vendor", health_checks=lambda self: checks))
    found = {one.check: one for one in health(app, 0.3)}
    released.set()
    assert (found["plugins.vendor.hangs"].state, found["plugins.vendor.hangs"].message) == (
        "failed", "no answer within 0.3 s",
    )  # fmt: skip
    assert found["plugins.vendor.answers"].state == "ok"


@pytest.mark.parametrize("error", [ValueError("no bucket"), SystemExit(3), KeyboardInterrupt()])
def test_whatever_a_check_raises_is_its_answer(
    make_board: MakeBoard, make_plugin: MakePlugin, error: BaseException
) -> None:
    def ask() -> None:
        raise error

    app = make_board(make_plugin("vendor", health_checks=lambda self: [HealthCheck("raises", ask)]))
    (found,) = health(app, 5)
    assert found.state == "failed"
    assert type(error).__name__ in found.message


def test_a_check_may_use_the_database(make_board: MakeBoard, make_plugin: MakePlugin) -> None:
    from sqlalchemy import text

    from pegboard.db import db

    def ask() -> None:
        db.session.execute(text("SELECT 1"))

    vendor = make_plugin("vendor", health_checks=lambda self: [HealthCheck("asks", ask)])
    app = make_board(vendor, database_url="sqlite://")
    assert [one.state for one in health(app, 5)] == ["ok"]


HANGING = """
import time
from pegboard import Plugin, hookimpl
from pegboard.contributions import HealthCheck


class Hanging(Plugin):
    name = "hanging"

    @hookimpl
    def health_checks(self):
        yield HealthCheck("vendor", lambda: time.sleep(100_000))
"""


@pytest.mark.slow
def test_the_process_ends_though_a_check_never_does(tmp_path: Path) -> None:
    (tmp_path / "hanging.py").write_text(HANGING, encoding="utf-8")
    (tmp_path / "pegboard.toml").write_text(
        "[pegboard]\nbuiltins = []\nplugins = ['hanging:Hanging']\n", encoding="utf-8"
    )
    command = [str(Path(sys.executable).parent / "pegboard"), "doctor", "--timeout", "0.5"]
    done = subprocess.run(
        command, cwd=tmp_path, env=foreign_environment(), capture_output=True, text=True, timeout=60, check=False
    )
    assert done.returncode == 1
    assert "no answer within 0.5 s" in done.stdout
