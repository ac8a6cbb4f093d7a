"""`make lock` changes what the declarations ask for, and upgrades what it is told to."""

from __future__ import annotations

import re
import zipfile
from collections.abc import Sequence
from pathlib import Path

import pytest

from tools import lock
from tools.installer import InstallError


@pytest.fixture
def locks(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """An empty folder for locks, and an index of two packages: `first` 1.0 and `second` 1.0, which needs it."""
    shelf, folder = tmp_path / "shelf", tmp_path / "requirements"
    for place in (shelf, folder):
        place.mkdir()
    publish(shelf, "first", "1.0")
    publish(shelf, "second", "1.0", "first")
    monkeypatch.setattr(lock, "LOCKS", folder)
    monkeypatch.setattr(lock, "OPTIONS", (*lock.OPTIONS, "--no-index"))
    monkeypatch.setenv("UV_FIND_LINKS", str(shelf))
    return folder


def publish(shelf: Path, name: str, version: str, *needs: str) -> None:
    info = f"{name}-{version}.dist-info"
    required = "".join(f"Requires-Dist: {each}\n" for each in needs)
    with zipfile.ZipFile(shelf / f"{name}-{version}-py3-none-any.whl", "w") as wheel:
        wheel.writestr(f"{info}/METADATA", f"Metadata-Version: 2.1\nName: {name}\nVersion: {version}\n{required}")
        wheel.writestr(
            f"{info}/WHEEL", "Wheel-Version: 1.0\nGenerator: test\nRoot-Is-Purelib: true\nTag: py3-none-any\n"
        )
        wheel.writestr(f"{info}/RECORD", "")


def pins(file: Path) -> list[str]:
    return re.findall(r"^\w+==[\d.]+", file.read_text(encoding="utf-8"), re.MULTILINE)


def test_what_is_locked_stays_when_something_newer_is_there_and_something_else_is_declared(
    locks: Path, tmp_path: Path
) -> None:
    lock.write("run", ["first"])
    publish(tmp_path / "shelf", "first", "2.0")
    lock.write("run", ["first", "second"])
    assert pins(locks / "run.txt") == ["first==1.0", "second==1.0"]


@pytest.mark.parametrize(
    ("arguments", "expected"),
    [
        ([], ["first==1.0", "second==1.0"]),
        (["--upgrade"], ["first==2.0", "second==2.0"]),
        (["--upgrade-package", "first"], ["first==2.0", "second==1.0"]),
    ],
)
def test_what_is_named_is_upgraded_in_every_lock(
    locks: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, arguments: Sequence[str], expected: list[str]
) -> None:
    (locks / "bootstrap.in").write_text("# the installer\nfirst\n", encoding="utf-8")
    for name in ("run", "peer", "dev"):
        monkeypatch.setattr(lock, f"{name}_requirements", lambda: ["second"])
    monkeypatch.setattr(lock, "ROOT", tmp_path)
    lock.main([])
    for name in ("first", "second"):
        publish(tmp_path / "shelf", name, "2.0", *(["first"] if name == "second" else []))
    lock.main(arguments)
    assert {name: pins(locks / f"{name}.txt") for name in ("run", "peers", "dev")} == dict.fromkeys(
        ("run", "peers", "dev"), expected
    )
    assert pins(locks / "bootstrap.txt") == expected[:1]


def test_what_no_longer_fits_is_replaced_and_what_nobody_needs_goes(locks: Path, tmp_path: Path) -> None:
    lock.write("run", ["second"])
    publish(tmp_path / "shelf", "first", "2.0")
    lock.write("run", ["first>=2"])
    assert pins(locks / "run.txt") == ["first==2.0"]


def test_a_lock_agrees_with_the_one_before_it(locks: Path, tmp_path: Path) -> None:
    lock.write("run", ["first"])
    lock.write("dev", ["first"])
    publish(tmp_path / "shelf", "first", "2.0")
    lock.write("run", ["first"], ["--upgrade"])
    lock.write("dev", ["second"], agree_with=("run",))
    assert pins(locks / "dev.txt") == ["first==2.0", "second==1.0"]


def test_what_cannot_be_resolved_is_an_error_that_names_the_lock(locks: Path) -> None:
    with pytest.raises(InstallError, match=r"requirements/run\.txt could not be resolved"):
        lock.write("run", ["nowhere"])
