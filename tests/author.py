"""An author's machine: a clean environment with the core's wheel and pytest, far from any source, in which commands are typed."""

from __future__ import annotations

import os
import shlex
import shutil
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path

import pytest

from tests.serving import foreign_environment
from tests.test_wheels import Built, built, shared
from tools.exclusive import exclusive
from tools.installer import run_uv
from tools.manifest import LOCKS

__all__ = ["Author", "author", "built", "shared"]


@dataclass(frozen=True)
class Author:
    """Types commands in `folder`; `environment` is the virtual environment that is active there."""

    environment: Path
    folder: Path

    def types(self, line: str) -> str:
        """What a command says, which must end well. No index is asked: what can be installed is there already."""
        program, *arguments = shlex.split(line)
        if (program, *arguments[:1]) == ("pip", "install"):
            self.install(*arguments[1:])
            return ""
        done = subprocess.run(
            [shutil.which(program, path=self.variables()["PATH"]) or program, *arguments],
            cwd=self.folder,
            env=self.variables(),
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            timeout=300,
            check=False,
        )
        assert done.returncode == 0, f"{line}\n{done.stdout[-6000:]}\n{done.stderr[-3000:]}"
        return done.stdout

    def install(self, *arguments: str) -> None:
        """As pip would, with the dependencies that are declared; they must be there."""
        places = [self.folder / one if one.startswith("./") else one for one in arguments]
        with exclusive(self.environment / "install.lock"):
            offline = ["--no-index", "--no-build-isolation", "--quiet"]
            assert run_uv(["pip", "install", "--python", self.environment, *offline, *places])

    def variables(self) -> dict[str, str]:
        """Of the shell in which the environment is active."""
        path = os.pathsep.join([str(self.environment / "bin"), os.environ["PATH"]])
        return foreign_environment(PATH=path, PYTHONDONTWRITEBYTECODE="1")


@pytest.fixture
def author(built: Built, shared: Path, tmp_path: Path) -> Author:
    environment = shared / "author"
    with exclusive(shared / "author.lock"):
        if not (environment / "ready").exists():
            target: list[str | Path] = ["--python", environment]
            assert run_uv(["venv", "--quiet", "--clear", "--python", sys.executable, environment])
            assert run_uv(["pip", "install", "--quiet", *target, "--require-hashes", "-r", LOCKS / "dev.txt"])
            assert run_uv(["pip", "install", "--quiet", *target, "--no-deps", "--no-index", built.wheels["."]])
            (environment / "ready").touch()
    folder = tmp_path / "author"
    folder.mkdir()
    return Author(environment, folder)
