"""A generated deployment, and how its commands are run: in a process of its own, as a newcomer would."""

from __future__ import annotations

import subprocess
import sys
from dataclasses import dataclass, field
from pathlib import Path

from tests.serving import foreign_environment

PROGRAMS = Path(sys.executable).parent


@dataclass(slots=True)
class Generated:
    """The folder, what `init` printed, and variables for the commands that follow."""

    folder: Path
    printed: str
    variables: dict[str, str] = field(default_factory=dict)

    @property
    def next_commands(self) -> list[str]:
        """The commands to type, as printed."""
        _, _, below = self.printed.partition("Next:\n")
        return [line.strip() for line in below.partition("\n\n")[0].splitlines()]

    def run(self, *command: str, status: int = 0) -> str:
        """Run a program of this environment in the folder; what it printed."""
        program = PROGRAMS / command[0]
        return run([str(program), *command[1:]], self.folder, self.variables, status)


def run(command: list[str], folder: Path, variables: dict[str, str] | None = None, status: int = 0) -> str:
    """Run a command, which has to end with that status; what it printed."""
    environment = foreign_environment(**(variables or {}))
    environment["PATH"] = f"{PROGRAMS}:{environment['PATH']}"
    done = subprocess.run(
        command, cwd=folder, env=environment, stdin=subprocess.DEVNULL, capture_output=True, text=True, timeout=300,
        check=False,
    )  # fmt: skip
    assert done.returncode == status, f"{' '.join(command)}\n{done.stdout}\n{done.stderr}"
    return done.stdout + done.stderr


def generate(place: Path, *arguments: str) -> Generated:
    """Run `pegboard init` in `place`; the last argument is the folder."""
    printed = run([str(PROGRAMS / "pegboard"), "init", *arguments], place)
    return Generated(place / arguments[-1], printed)
