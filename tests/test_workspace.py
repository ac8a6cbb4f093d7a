"""The repository itself: locks, metadata, targets, and that no file knows the machine it was written on."""

from __future__ import annotations

import os
import re
import runpy
import subprocess
import tomllib
from importlib import metadata
from pathlib import Path
from typing import Any

import pytest
from packaging.markers import Marker
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

from tools.manifest import (
    LOCKS,
    ROOT,
    dev_requirements,
    example_folders,
    peer_requirements,
    plugin_folders,
    run_requirements,
)

NAMES = ("bootstrap", "dev", "peers", "run")
PLUGINS = [*plugin_folders(), *example_folders()]
TARGETS = {"help", "run", "test", "check", "bench", "chaos", "translations", "lock", "clean"}
PIN = re.compile(r"(?P<name>[A-Za-z0-9._-]+)(\[[a-z,]+\])?==(?P<version>[^\s;]+)(?P<marker>\s*;[^\\]+)?")
# Put together from parts, so that this file passes its own test.
FORBIDDEN = {
    "a home folder": re.compile(r"/(?:home|Users)/[a-z]\w*/|/ro" r"ot/"),
    "a working folder": re.compile(r"/tm" r"p/wt\b|/wo" r"rk/(?:main|shared)\b"),
    "a registry's host": re.compile(
        r"\bpypi\.o" r"rg|pythonho" r"sted\.org|registry\.npm" r"js\.org|registry\.yarn" r"pkg\.com"
    ),
    "this clone": re.compile(re.escape(str(ROOT)) + r"\b"),
}


def pins(name: str, *, here: bool = False) -> dict[str, tuple[str, list[str]]]:
    """What a lock holds: by package, its version and its hashes; with `here` only what this Python installs of it."""
    text = (LOCKS / f"{name}.txt").read_text(encoding="utf-8").replace("\\\n", " ")
    found: dict[str, tuple[str, list[str]]] = {}
    for line in filter(None, map(str.strip, text.splitlines())):
        pin, *hashes = line.split(" --hash=")
        match = PIN.fullmatch(pin.strip())
        assert match, f"{name}.txt: {pin!r} is neither a pinned version nor anything else we know"
        if here and match["marker"] and not Marker(match["marker"].strip(" ;")).evaluate():
            continue
        found[canonicalize_name(match["name"])] = (match["version"], [each.strip() for each in hashes])
    return found


@pytest.mark.parametrize("name", NAMES)
def test_a_lock_pins_every_package_with_hashes_and_holds_no_address(name: str) -> None:
    text = (LOCKS / f"{name}.txt").read_text(encoding="utf-8")
    locked = pins(name)

    assert locked
    for package, (version, hashes) in locked.items():
        assert hashes, f"{package}=={version} has no hash"
        assert all(re.fullmatch(r"sha256:[0-9a-f]{64}", each) for each in hashes), package
    assert not re.search(r"://|--(?:extra-)?index|--find-links| @ ", text)


@pytest.mark.parametrize(
    ("name", "declared"), [("run", run_requirements()), ("peers", peer_requirements()), ("dev", dev_requirements())]
)
def test_a_lock_holds_everything_that_is_declared(name: str, declared: list[str]) -> None:
    locked = pins(name)

    for line in declared:
        wanted = Requirement(line)
        version, _ = locked.get(canonicalize_name(wanted.name), ("", []))
        assert version, f"{line} is declared and not in requirements/{name}.txt: make lock"
        assert wanted.specifier.contains(version, prereleases=True), f"{line} is declared, {version} locked: make lock"


def test_the_development_lock_has_the_versions_that_run() -> None:
    run, dev = pins("run"), pins("dev")

    assert {package: dev.get(package) for package in run} == run


@pytest.mark.parametrize(("name", "declared"), [("run", run_requirements()), ("peers", peer_requirements())])
def test_run_installs_what_is_declared_what_that_needs_and_nothing_else(name: str, declared: list[str]) -> None:
    assert set(pins(name, here=True)) == needed(declared)


def needed(declared: list[str]) -> set[str]:
    """These requirements and whatever they require here, extras included, by what the installed metadata says."""
    found: set[tuple[str, frozenset[str]]] = set()
    waiting = [Requirement(line) for line in declared]
    while waiting:
        wanted = waiting.pop()
        name, extras = canonicalize_name(wanted.name), frozenset(wanted.extras)
        if (name, extras) in found:
            continue
        found.add((name, extras))
        for line in metadata.requires(name) or []:
            needs = Requirement(line)
            if needs.marker is None or any(needs.marker.evaluate({"extra": extra}) for extra in (*extras, "")):
                waiting.append(needs)
    return {name for name, _ in found}


def test_no_file_names_a_machine_or_a_registry() -> None:
    found = [
        f"{path}: {what}"
        for path in tracked_files()
        for what, pattern in FORBIDDEN.items()
        if pattern.search((ROOT / path).read_text(encoding="utf-8", errors="ignore"))
    ]

    assert found == []


def test_no_front_end_file_of_third_parties_is_committed() -> None:
    assert [path for path in tracked_files() if re.search(r"(^|/)vendor/|\.min\.(css|js)$|node_modules/", path)] == []


@pytest.mark.parametrize("folder", PLUGINS, ids=lambda folder: folder.name)
def test_a_plugin_is_named_alike_everywhere(folder: Path) -> None:
    project: dict[str, Any] = tomllib.loads((folder / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    package = f"pegboard_{folder.name}"

    assert project["name"] == package.replace("_", "-")
    assert project["license"] == "BSD-3-Clause"
    assert project["requires-python"] == ">=3.11"
    assert list(project["entry-points"]["pegboard.plugins"]) == [folder.name]
    assert project["entry-points"]["pegboard.plugins"][folder.name].startswith(f"{package}.plugin:")
    for name in ("README.md", f"{package}/plugin.py", f"{package}/settings.py", f"{package}/py.typed"):
        assert (folder / name).is_file(), f"{folder.relative_to(ROOT)}/{name} is missing"


def test_help_lists_each_target() -> None:
    makefile = (ROOT / "Makefile").read_text(encoding="utf-8")
    described = set(re.findall(r"^([a-z]+):.*##", makefile, re.MULTILINE))
    shown = set(re.findall(r"^  ([a-z]+) ", make("help").stdout, re.MULTILINE))

    assert described == TARGETS
    assert shown == TARGETS


def test_make_alone_shows_the_help() -> None:
    assert make().stdout == make("help").stdout


@pytest.mark.parametrize(
    ("interpreter", "said"), [("", "needs Python 3.11 or newer, and none was found"), ("false", "false is not")]
)
def test_make_says_kindly_which_python_it_needs(interpreter: str, said: str) -> None:
    done = make("run", f"PYTHON={interpreter}")

    assert done.returncode != 0
    assert said in done.stderr
    assert "Traceback" not in done.stderr


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ({"sha256": "0" * 64}, "is not the file that was reviewed"),
        ({"version": "0.0.1"}, "but .* is installed: pip install bootstrap-flask==0.0.1"),
        ({"distribution": "no-such-distribution"}, "which is not installed: pip install no-such-distribution=="),
        ({"source": "no/such/file.css"}, "does not hold no/such/file.css"),
    ],
)
def test_a_front_end_file_that_is_not_the_reviewed_one_is_never_copied(
    change: dict[str, str], said: str, tmp_path: Path
) -> None:
    build = runpy.run_path(str(ROOT / "setup.py"), run_name="setup_under_test")
    (good,) = build["VENDOR_FILES"]
    bad = type(good)(**{name: getattr(good, name) for name in good.__dataclass_fields__} | change)

    with pytest.raises(build["VendorError"], match=said):
        build["copy_vendor_files"](tmp_path, [bad])
    assert not [path for path in tmp_path.rglob("*") if path.is_file()]


def test_every_entry_point_of_the_core_names_a_class_that_exists() -> None:
    own = [e for e in metadata.entry_points(group="pegboard.plugins") if e.value.startswith("pegboard.builtin.")]
    if not own:
        pytest.skip("Pegboard is not installed in this environment: make test installs it")

    assert all(entry.load().name == entry.name for entry in own)


def make(*arguments: str) -> subprocess.CompletedProcess[str]:
    """Run make in the root, as from a shell with nothing to read from."""
    environment = {name: value for name, value in os.environ.items() if not name.startswith(("MAKE", "MFLAGS"))}
    return subprocess.run(
        ["make", *arguments],
        cwd=ROOT,
        env=environment,
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )


def tracked_files() -> list[str]:
    """What git tracks or would; a copy of the sources without git has no such list."""
    command = ["git", "ls-files", "-z", "--cached", "--others", "--exclude-standard"]
    try:
        done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, timeout=60, check=False)
    except FileNotFoundError:
        pytest.skip("git is not installed")
    if done.returncode:
        pytest.skip("this is not a clone: git lists no files")
    return [path for path in done.stdout.split("\0") if path and (ROOT / path).is_file()]
