"""`docs/testing.md`: its first example runs as it stands, and its list names every fixture and no other."""

from __future__ import annotations

import re
import subprocess
import sys
from pathlib import Path

import pytest

from tests.docs.test_readme import blocks as blocks_of_the_readme
from tests.serving import foreign_environment
from tools.fixtures import PAGE, fixtures

TEXT = PAGE.read_text(encoding="utf-8")


@pytest.mark.slow
def test_the_example_runs_with_the_plugin_of_the_readme(tmp_path: Path) -> None:
    conftest, tests, *_ = re.findall(r"^```python\n(.*?)^```$", TEXT, re.MULTILINE | re.DOTALL)
    for name, code in {
        "greetings.py": blocks_of_the_readme("python")[0],
        "conftest.py": conftest,
        "test_greetings.py": tests,
        "pytest.ini": "[pytest]\npythonpath = .\n",
    }.items():
        (tmp_path / name).write_text(code, encoding="utf-8")
    command = [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider"]
    done = subprocess.run(
        command, cwd=tmp_path, env=foreign_environment(), capture_output=True, text=True, timeout=120, check=False
    )
    assert "3 passed" in done.stdout, done.stdout + done.stderr


def test_every_fixture_is_listed_with_what_it_is_and_what_for(pytestconfig: pytest.Config) -> None:
    listed = re.findall(r"^\| `(\w+)` \| `(.+?)` \| \S.{20,} \|$", TEXT, re.MULTILINE)
    assert [name for name, _ in listed] == [node.name for node in fixtures()]
    offered = vars(sys.modules["pegboard.testing.fixtures"])
    assert {name for name, value in offered.items() if "Fixture" in type(value).__name__} == {
        name for name, _ in listed
    }
