"""A machine without a browser: its tests are skipped with a line that helps, and fail where everything must be there."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from tests.serving import foreign_environment
from tools.manifest import ROOT

NEEDS_A_BROWSER = "tests/core/web/test_browser.py::test_the_error_page_fits_and_is_accessible[light-390]"


@pytest.mark.slow
@pytest.mark.parametrize(("ci", "status", "outcome"), [({}, 0, "SKIPPED"), ({"CI": "true"}, 1, "ERROR")])
def test_without_a_browser_its_tests_are_skipped_with_advice_and_fail_in_continuous_integration(
    ci: dict[str, str], status: int, outcome: str, tmp_path: Path
) -> None:
    environment = foreign_environment(**ci) | {"PATH": str(tmp_path)}
    command = [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", "--tb=line", NEEDS_A_BROWSER]
    done = subprocess.run(command, cwd=ROOT, env=environment, capture_output=True, text=True, timeout=120, check=False)
    assert done.returncode == status, done.stdout + done.stderr
    (said,) = [line for line in done.stdout.splitlines() if line.startswith(outcome)]
    assert "apt-get install chromium, or set CHROMIUM to the path of one" in said
