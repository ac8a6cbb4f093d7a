"""Prepares a virtual environment: `python -m tools.environment run` for `make run`, `dev` for `make test`.

It installs exactly what the locks say, then the core and the plugins as editable, for `dev` the examples too; when
nothing has changed since, it returns at once.
"""

from __future__ import annotations

import hashlib
import os
import sys
import time
from pathlib import Path

from tools.exclusive import exclusive
from tools.installer import InstallError, run_uv, say
from tools.manifest import LOCKS, ROOT, example_folders, plugin_folders

FOLDERS = {"run": ROOT / ".venv-run", "dev": ROOT / ".venv"}
VENDORED = ROOT / "core/pegboard/web/static/vendor/bootstrap/bootstrap.min.css"


def prepare(name: str) -> None:
    """Bring the environment `name` up to date. Raises InstallError."""
    folder = FOLDERS[name]
    stamp = folder / "installed"
    with exclusive(ROOT / ".cache/environment.lock", waiting=_say_why_it_waits):
        wanted = _fingerprint(name)
        if stamp.exists() and stamp.read_text(encoding="utf-8") == wanted and VENDORED.exists():
            return
        started = time.monotonic()
        version = ".".join(map(str, sys.version_info[:3]))
        say(f"Preparing {folder.name} with Python {version}; the first time may take a minute")
        _create(folder)
        _install_locked(name, folder)
        _install_editable(name, folder)
        stamp.write_text(wanted, encoding="utf-8")
        say(f"Ready in {time.monotonic() - started:.0f} s")


def _say_why_it_waits() -> None:
    say("Waiting for another make in this folder to finish installing")


def _create(folder: Path) -> None:
    (folder / "installed").unlink(missing_ok=True)
    if not run_uv(["venv", "--quiet", "--clear", "--python", sys.executable, folder]):
        raise InstallError(f"{folder} could not be created; the reason is above.")


def _install_locked(name: str, folder: Path) -> None:
    target: list[str | Path] = ["--python", _python(folder), "--require-hashes"]
    lock, peers = LOCKS / f"{name}.txt", LOCKS / "peers.txt"
    say(f"Installing the packages of requirements/{lock.name}")
    if not run_uv(["pip", "sync", *target, lock]):
        raise InstallError(
            "The packages could not be installed; the reason is above. They come from the package index: behind a "
            "mirror set UV_DEFAULT_INDEX, behind a proxy HTTPS_PROXY. Then run make again."
        )
    say("Installing the sandbox's local servers (requirements/peers.txt)")
    if not run_uv(["pip", "install", *target, "--no-build", "-r", peers]):
        say("Not every local server has a wheel for this platform: the embedded providers serve in their place.")


def _install_editable(name: str, folder: Path) -> None:
    say("Installing Pegboard and its plugins from this folder")
    places: list[str | Path] = []
    for place in (ROOT, *_folders(name)):
        places += ["--editable", place]
    # Built here and now, never taken from a cache: the build also puts the front-end files in place.
    options = ("--no-deps", "--no-build-isolation", "--no-cache", "--quiet")
    if not run_uv(["pip", "install", "--python", _python(folder), *options, *places]):
        raise InstallError("Pegboard itself could not be installed; the reason is above.")


def _fingerprint(name: str) -> str:
    """What the environment is made from: another interpreter, place, lock or metadata file makes it stale."""
    digest = hashlib.sha256(f"{sys.version}\n{sys.executable}\n{ROOT}\n".encode())
    own = [ROOT / name for name in ("setup.cfg", "setup.py", "pyproject.toml")]
    plugins = [folder / "pyproject.toml" for folder in _folders(name)]
    for path in (LOCKS / f"{name}.txt", LOCKS / "peers.txt", Path(__file__), *own, *plugins):
        digest.update(hashlib.sha256(path.read_bytes()).digest())
    return digest.hexdigest()


def _folders(name: str) -> list[Path]:
    """The distributions of this repository beside the core."""
    return [*plugin_folders(), *(example_folders() if name == "dev" else [])]


def _python(folder: Path) -> Path:
    return folder / ("Scripts/python.exe" if os.name == "nt" else "bin/python")


if __name__ == "__main__":
    try:
        prepare(sys.argv[1])
    except InstallError as error:
        sys.exit(f"pegboard: {error}")
    except KeyboardInterrupt:
        sys.exit("pegboard: stopped; the next make goes on from here")
