"""What is published: the wheels, built from source distributions, in an environment that never saw this source tree."""

from __future__ import annotations

import hashlib
import json
import os
import re
import shutil
import subprocess
import sys
import zipfile
from dataclasses import dataclass
from email import message_from_bytes
from email.message import Message
from pathlib import Path
from urllib.parse import urlsplit

import pytest

from tests.serving import Visitor, foreign_environment, free_port, get, served
from tools.exclusive import exclusive
from tools.installer import run_uv
from tools.manifest import LOCKS, ROOT, example_folders, plugin_folders

pytestmark = pytest.mark.slow

SOURCES = (
    *("core", "plugins", "examples", "tools"),
    *("setup.cfg", "setup.py", "pyproject.toml", "MANIFEST.in", "LICENSE", "README.md"),
)
LEFT_OUT = shutil.ignore_patterns("__pycache__", "*.pyc", "*.egg-info", "build", "dist", "vendor")
BOOTSTRAP = "pegboard/web/static/vendor/bootstrap/bootstrap.min.css"
BOOTSTRAP_SHA256 = "d85327d99c7a3ee1f9b5d0500d1370acea3ad2db39c163c2f51f232baedbdede"
PAGES = ("/", "/files/", "/account/profile", "/account/password", "/account/sessions")
FRONT_END = {"bootstrap.min.css", "pegboard.css", "theme.js", "favicon.svg", "icons.svg", "sending.js", "upload.js"}
PLACES = [".", *(str(folder.relative_to(ROOT)) for folder in (*plugin_folders(), *example_folders()))]


@dataclass(frozen=True)
class Built:
    """The wheels by the place of their sources in `tree`, a copy of the repository."""

    tree: Path
    wheels: dict[str, Path]


@dataclass(frozen=True)
class Installed:
    """A clean environment with all wheels, and a folder far from any source to work in."""

    programs: Path
    folder: Path

    def python(self, *arguments: str) -> str:
        """What the environment's Python prints."""
        command = [str(self.programs / "python"), *arguments]
        return _run(command, self.folder, foreign_environment())


@pytest.fixture(scope="session")
def shared(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder that all workers of this run see; the first to come makes what is in it, the others wait."""
    own = tmp_path_factory.getbasetemp()
    return own.parent if "PYTEST_XDIST_WORKER" in os.environ else own


@pytest.fixture(scope="session")
def built(shared: Path) -> Built:
    tree, dist = shared / "tree", shared / "dist"
    with exclusive(shared / "wheels.lock"):
        if not dist.exists():
            _copy_sources(tree)
            for place in PLACES:
                _build(tree / place, shared / "dist.new" / _slot(place))
            (shared / "dist.new").rename(dist)
    return Built(tree, {place: next((dist / _slot(place)).glob("*.whl")) for place in PLACES})


@pytest.fixture(scope="session")
def installed(built: Built, shared: Path) -> Installed:
    environment, folder = shared / "environment", shared / "deployment"
    with exclusive(shared / "environment.lock"):
        if not folder.exists():
            target: list[str | Path] = ["--python", environment]
            assert run_uv(["venv", "--quiet", "--clear", "--python", sys.executable, environment])
            assert run_uv(["pip", "install", "--quiet", *target, "--require-hashes", "-r", LOCKS / "run.txt"])
            assert run_uv(["pip", "install", "--quiet", *target, "--no-deps", "--no-index", *built.wheels.values()])
            folder.mkdir()
    plugins = json.dumps([each.name for each in plugin_folders()])
    (folder / "pegboard.toml").write_text(f"[pegboard]\nplugins = {plugins}\n", encoding="utf-8")
    return Installed(environment / "bin", folder)


@pytest.mark.parametrize("place", PLACES)
def test_a_wheel_holds_every_file_of_its_packages(place: str, built: Built) -> None:
    root = built.tree / ("core" if place == "." else place)
    packages = [folder for folder in root.iterdir() if (folder / "__init__.py").exists()]
    wanted = {str(p.relative_to(root)) for package in packages for p in package.rglob("*") if p.is_file()}
    held = {name for name in _names(built.wheels[place]) if ".dist-info/" not in name and "/vendor/" not in name}

    assert packages, f"no package in {place}"
    left_out, unknown = sorted(wanted - held), sorted(held - wanted)
    assert not left_out, f"not in the wheel; add them to the package data, their folder an __init__.py: {left_out}"
    assert not unknown, f"in the wheel, and not among the sources: {unknown}"


@pytest.mark.parametrize("place", PLACES)
def test_a_wheel_says_what_it_is(place: str, built: Built) -> None:
    metadata = _metadata(built.wheels[place])

    assert metadata["License-Expression"] == "BSD-3-Clause"
    assert metadata["Requires-Python"] == ">=3.11"
    assert any(name.endswith("/py.typed") for name in _names(built.wheels[place]))
    assert str(metadata.get_payload()).strip().startswith("# ")  # the README


def test_the_cores_wheel_carries_bootstrap_and_its_licence(built: Built) -> None:
    with zipfile.ZipFile(built.wheels["."]) as wheel:
        assert hashlib.sha256(wheel.read(BOOTSTRAP)).hexdigest() == BOOTSTRAP_SHA256
        assert b"The Bootstrap Authors" in wheel.read(str(Path(BOOTSTRAP).with_name("LICENSE")))


def test_the_sandboxs_peers_are_never_required(built: Built) -> None:
    required = [line for wheel in built.wheels.values() for line in _metadata(wheel).get_all("Requires-Dist", [])]
    peers = [line for line in required if line.startswith("seaweedfs")]

    assert peers
    assert all(re.search(r"extra == .sandbox.", line) for line in peers)


def test_the_installed_package_is_the_wheels_and_no_source(installed: Installed) -> None:
    names = ["pegboard", *(f"pegboard_{folder.name}" for folder in plugin_folders())]
    script = "import importlib, sys; print(*(importlib.import_module(n).__file__ for n in sys.argv[1:]), sep='\\n')"

    for path in installed.python("-c", script, *names).split():
        assert Path(path).is_relative_to(installed.programs.parent)


def test_a_board_boots_migrates_and_serves_from_the_wheels(installed: Installed) -> None:
    port = free_port()
    environment = foreign_environment(
        S3_BUCKET_NAME="board",
        AWS_REGION="us-east-1",
        AWS_ACCESS_KEY_ID="example",
        AWS_SECRET_ACCESS_KEY="example-secret",
    )
    pegboard = str(installed.programs / "pegboard")
    _run([pegboard, "db", "upgrade"], installed.folder, environment)
    plugins = _run([pegboard, "plugins", "list"], installed.folder, environment)
    command = [str(installed.programs / "flask"), "--app=pegboard:create_app", "run", "--no-reload", f"--port={port}"]

    for folder in plugin_folders():
        assert folder.name in plugins
    with served(command, port=port, folder=installed.folder, environment=environment) as url:
        visitor = Visitor(url)
        assert visitor.get("/account/sign-in")[0] == 200
        person = {"name": "Ada", "email": "ada@example.com", "password": "analytical engine 1843"}
        assert "Welcome, Ada." in visitor.submit("/account/sign-up", **person)[1]
        pages = [visitor.get(path) for path in PAGES]
        assert [status for status, _ in pages] == [200] * len(PAGES)
        named = {link for _, page in pages for link in re.findall(r'(?:src|href)="(/static/[^"#]+)', page)}
        sent = {urlsplit(link).path.rpartition("/")[2]: get(f"{url}{link}") for link in named}
        assert {name for name, (status, body) in sent.items() if status == 200 and body} == FRONT_END
        assert hashlib.sha256(sent["bootstrap.min.css"][1]).hexdigest() == BOOTSTRAP_SHA256


def test_a_deployment_is_written_and_runs_from_the_wheels(installed: Installed, tmp_path: Path) -> None:
    pegboard, environment = str(installed.programs / "pegboard"), foreign_environment()
    _run([pegboard, "init", "shop"], tmp_path, environment)
    _run([pegboard, "db", "upgrade"], tmp_path / "shop", environment)
    port = free_port()
    command = [pegboard, "run", "--port", str(port)]

    with served(command, port=port, folder=tmp_path / "shop", environment=environment) as url:
        assert get(f"{url}/shop/")[0] == 200


def _copy_sources(tree: Path) -> None:
    tree.mkdir(exist_ok=True)
    for name in SOURCES:
        if (ROOT / name).is_dir():
            shutil.copytree(ROOT / name, tree / name, ignore=LEFT_OUT, dirs_exist_ok=True)
        elif (ROOT / name).exists():
            shutil.copy(ROOT / name, tree / name)


def _build(source: Path, out: Path) -> None:
    """A source distribution, and a wheel from it, with the locked build requirements of this environment."""
    command = [sys.executable, "-m", "build", "--no-isolation", "--outdir", str(out), str(source)]
    _run(command, source, foreign_environment())


def _slot(place: str) -> str:
    return place.replace("/", "-").replace(".", "core")


def _run(command: list[str], folder: Path, environment: dict[str, str]) -> str:
    done = subprocess.run(
        command,
        cwd=folder,
        env=environment,
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        timeout=300,
        check=False,
    )
    assert done.returncode == 0, f"{' '.join(command)}\n{done.stdout}\n{done.stderr}"
    return done.stdout


def _names(wheel: Path) -> list[str]:
    with zipfile.ZipFile(wheel) as archive:
        return [name for name in archive.namelist() if not name.endswith("/")]


def _metadata(wheel: Path) -> Message:
    with zipfile.ZipFile(wheel) as archive:
        (name,) = [name for name in archive.namelist() if name.endswith(".dist-info/METADATA")]
        return message_from_bytes(archive.read(name))
