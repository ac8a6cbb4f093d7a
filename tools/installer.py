"""The installer, uv, in a folder of its own: pip puts the pinned, hashed wheel into .tools, and nothing else there."""

from __future__ import annotations

import ast
import importlib.util
import os
import shutil
import subprocess
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path

from tools.manifest import LOCKS, ROOT

TOOLS = ROOT / ".tools"
# Variables that would send an installation elsewhere than we say, or change what is installed.
MISLEADING = (
    *("VIRTUAL_ENV", "CONDA_PREFIX", "PYTHONPATH", "PYTHONHOME", "PYTHONSAFEPATH"),
    *("PIP_USER", "PIP_TARGET", "PIP_PREFIX", "PIP_ROOT", "PIP_PYTHON", "PIP_REQUIRE_VIRTUALENV", "PIP_DRY_RUN"),
    *("PIP_REQUIREMENT", "PIP_CONSTRAINT", "PIP_EDITABLE", "PIP_NO_BINARY", "PIP_NO_DEPS", "PIP_REPORT"),
    *("UV_PYTHON", "UV_SYSTEM_PYTHON", "UV_TARGET", "UV_PREFIX", "UV_CONSTRAINT", "UV_OVERRIDE", "UV_EXCLUDE"),
    *("UV_NO_BINARY", "UV_NO_VERIFY_HASHES", "UV_EXCLUDE_NEWER", "UV_RESOLUTION", "UV_PRERELEASE", "UV_NO_BUILD"),
)


class InstallError(Exception):
    """An installation cannot go on; the message says what to do."""


def clean_environment() -> dict[str, str]:
    """This process's variables, without those that mislead an installer."""
    return {name: value for name, value in os.environ.items() if name not in MISLEADING}


def uv() -> Path:
    """The installer's program, installed first when it is absent or not the pinned one. Raises InstallError."""
    lock = (LOCKS / "bootstrap.txt").read_text(encoding="utf-8")
    stamp = TOOLS / "installed"
    program = TOOLS / ("Scripts/uv.exe" if os.name == "nt" else "bin/uv")
    wanted = f"{ROOT}\n{lock}"
    if program.exists() and stamp.exists() and stamp.read_text(encoding="utf-8") == wanted:
        return program
    say("Installing the installer, uv, into .tools")
    _create_tools()
    _pip("install", "--no-user", "--quiet", "--require-hashes", "--requirement", str(LOCKS / "bootstrap.txt"))
    stamp.write_text(wanted, encoding="utf-8")
    return program


def run_uv(arguments: Sequence[str | Path], *, extra_indexes: bool = True) -> bool:
    """Run uv with pip's own choice of index; True when it succeeded. uv shows its progress and its errors itself."""
    program = uv()
    environment = clean_environment()
    environment |= {k: v for k, v in _pip_choices(extra_indexes=extra_indexes).items() if k not in environment}
    command = [str(program), *map(str, arguments)]
    return subprocess.run(command, cwd=ROOT, env=environment, stdin=subprocess.DEVNULL, check=False).returncode == 0


def say(line: str) -> None:
    """One line for the person who waits."""
    print(f"pegboard: {line}", file=sys.stderr, flush=True)


def _create_tools() -> None:
    if importlib.util.find_spec("ensurepip") is None or importlib.util.find_spec("venv") is None:
        version = f"{sys.version_info.major}.{sys.version_info.minor}"
        raise InstallError(
            f"Python {version} ({sys.executable}) cannot create virtual environments: its modules venv and ensurepip "
            f"are packaged apart.\nOn Debian and Ubuntu: apt install python{version}-venv. Then run make again."
        )
    shutil.rmtree(TOOLS, ignore_errors=True)
    command = [sys.executable, "-m", "venv", str(TOOLS)]
    if subprocess.run(command, env=clean_environment(), stdin=subprocess.DEVNULL, check=False).returncode:
        raise InstallError(f"{TOOLS} could not be created; the reason is above.")


def _pip(*arguments: str) -> str:
    command = [str(_tools_python()), "-m", "pip", "--disable-pip-version-check", "--no-input", *arguments]
    done = subprocess.run(
        command,
        cwd=ROOT,
        env=clean_environment(),
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        text=True,
        check=False,
    )
    if done.returncode:
        raise InstallError(
            "pip could not install uv; the reason is above. It needs the package index: behind a mirror set "
            "PIP_INDEX_URL, behind a proxy HTTPS_PROXY."
        )
    return done.stdout


def _pip_choices(*, extra_indexes: bool) -> Mapping[str, str]:
    """Where pip was told to look, in uv's words: uv does not read pip's settings, and a mirror is named only there."""
    found: dict[str, str] = {}
    for line in reversed(_pip("config", "list").splitlines()):  # pip prints the strongest source first
        key, separator, value = line.partition("=")
        if separator:
            found[key.rpartition(".")[2]] = str(ast.literal_eval(value))
    choices = {"UV_DEFAULT_INDEX": found.get("index-url"), "SSL_CERT_FILE": found.get("cert")}
    if extra_indexes and "extra-index-url" in found:
        # Hashes decide what may be installed, so no index can slip another file in.
        choices |= {"UV_INDEX": " ".join(found["extra-index-url"].split()), "UV_INDEX_STRATEGY": "unsafe-best-match"}
    if extra_indexes and "find-links" in found:
        choices["UV_FIND_LINKS"] = ",".join(found["find-links"].split())
    return {name: value for name, value in choices.items() if value}


def _tools_python() -> Path:
    return TOOLS / ("Scripts/python.exe" if os.name == "nt" else "bin/python")
