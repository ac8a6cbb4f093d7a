"""Whatever a plugin does to its process is an answer, not the end of the verification."""

from __future__ import annotations

import os
import time
from pathlib import Path

import pytest

from pegboard.verification import verify
from pegboard.verification.isolation import run_probe
from tests.core.verification.planting import Planted


@pytest.mark.slow
@pytest.mark.parametrize(
    ("code", "seconds", "said"),
    [
        (
            "import os, sys; print('bye'); sys.stdout.flush(); os._exit(3)",
            60,
            "ends the process with status 3; the last it printed is: bye",
        ),
        ("import os, signal; os.kill(os.getpid(), signal.SIGKILL)", 60, "is ended by SIGKILL"),
        ("raise SystemExit('no key')", 60, "SystemExit: no key"),
        ("import time; time.sleep(600)", 2, "does not end within 2 s"),
    ],
)
def test_a_plugin_that_breaks_its_process_is_a_finding(planted: Planted, code: str, seconds: float, said: str) -> None:
    planted.change("~/plugin.py", "\n\nclass", f"\n{code}\n\n\nclass")
    report = verify(planted.name, only=["boot", "imports", "settings"], seconds=seconds)
    (finding,) = report.findings
    assert finding.check == "boot"
    assert said in finding.what
    assert [outcome.state for outcome in report.outcomes] == ["error", "skipped", "skipped"]


@pytest.mark.slow
def test_the_environment_and_its_keys_do_not_reach_the_plugin(
    planted: Planted, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("ACME_KEY", "real-key-of-the-author")
    planted.in_app_ready("import os; print('ENVIRONMENT', sorted(os.environ), os.environ['HOME'])")
    run = run_probe("alone", planted.name, tmp_path / "run", neighbours=(), seconds=60)
    assert run.answer is not None
    assert "ENVIRONMENT" in run.output
    assert "ACME_KEY" not in run.output
    assert str(tmp_path / "run" / "home") in run.output


@pytest.mark.slow
def test_what_the_plugin_has_started_ends_with_it(planted: Planted, tmp_path: Path) -> None:
    pid = tmp_path / "pid"
    fork = (
        f"import os, time; p = os.fork(); p or (time.sleep(600), os._exit(0)); open({str(pid)!r}, 'w').write(str(p))\n"
    )
    planted.change("~/__init__.py", "", fork)
    run_probe("histories", planted.name, tmp_path / "run", neighbours=(), seconds=60)
    number = int(pid.read_text(encoding="utf-8"))
    for _ in range(100):
        try:
            os.kill(number, 0)
        except ProcessLookupError:
            return
        time.sleep(0.05)
    pytest.fail("the process is still there")
