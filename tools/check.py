"""`make check`: format, lint, types, floors, tests with coverage, each named as it starts and timed when it ends.

Every step runs even when one before it failed, so that one run shows everything there is to repair; the exit status
is that of the whole. Arguments go to pytest.
"""

from __future__ import annotations

import os
import shlex
import subprocess
import sys
import time
from collections.abc import Sequence
from pathlib import Path

from tools.manifest import ROOT, example_folders, plugin_folders

BIN = Path(sys.executable).parent
TYPED = ("core", "plugins", "examples", "tests", "bench", "tools", "setup.py", "wsgi.py")
OWN_TESTS = "^(plugins|examples)/[^/]+/tests/"  # every plugin may have a tests/conftest.py: mypy takes one of that name at a time


def steps(arguments: Sequence[str]) -> dict[str, list[str]]:
    """Each step's name and command, in the order they run: the quick ones first."""
    typed = [path for path in TYPED if (ROOT / path).exists()]
    folders = [folder for folder in distributions() if (folder / "tests").is_dir()]
    own = {f"types of {folder.name}": [tool("mypy"), "--strict", str(folder / "tests")] for folder in folders}
    coverage = ["--cov", "--cov-config=setup.cfg", "--cov-report=term"]
    return {
        "format": [tool("ruff"), "format", "--check", "."],
        "lint": [tool("ruff"), "check", "."],
        "floors": [tool("lint-imports"), "--config", "setup.cfg"],
        "types": [tool("mypy"), "--strict", "--exclude", OWN_TESTS, *typed],
        **own,
        "tests": [tool("pytest"), *parallel(), *coverage, *arguments],
    }


def distributions() -> list[Path]:
    """The folders of the plugins, and of the examples that are distributions as well."""
    return [*plugin_folders(), *example_folders()]


def parallel() -> list[str]:
    """As many workers as processors, within reason: each boots boards and starts servers of its own."""
    return ["-n", "logical", "--maxprocesses", "8"]


def tool(name: str) -> str:
    """A program of the environment this runs in, whatever PATH says."""
    return str(BIN / name)


def run(name: str, command: Sequence[str]) -> tuple[bool, float]:
    """Run one step with the terminal as its own; whether it passed, and its seconds."""
    print(f"\n=== {name}: {shlex.join([Path(command[0]).name, *command[1:]])}", flush=True)
    search = os.pathsep.join(map(str, (ROOT / "core", *distributions())))
    typed = name.startswith(("types", "floors"))
    environment = os.environ | {"MYPYPATH": search, "PYTHONPATH": search} if typed else None
    started = time.monotonic()
    passed = subprocess.run(command, cwd=ROOT, env=environment, stdin=subprocess.DEVNULL, check=False).returncode == 0
    took = time.monotonic() - started
    print(f"=== {name}: {'passed' if passed else 'FAILED'} in {took:.1f} s", flush=True)
    return passed, took


def main() -> int:
    """Run every step, then say how each went."""
    results = {name: run(name, command) for name, command in steps(sys.argv[1:]).items()}
    print()
    for name, (passed, took) in results.items():
        print(f"{name:<8} {'passed' if passed else 'FAILED'} {took:6.1f} s")
    return 0 if all(passed for passed, _ in results.values()) else 1


if __name__ == "__main__":
    sys.exit(main())
