"""What the doctor says about the machine."""

from __future__ import annotations

import os
import shutil
from collections import namedtuple
from pathlib import Path

import pytest

from pegboard.cli.doctor import machine
from tests.core.cli.doctor.conftest import Ask

Usage = namedtuple("Usage", "total used free")
GIB = 1024**3


def install(site: Path, name: str, version: str, *requires: str, python: str = ">=3.11") -> None:
    info = site / f"{name}-{version}.dist-info"
    info.mkdir(parents=True)
    lines = [f"Metadata-Version: 2.1\nName: {name}\nVersion: {version}\nRequires-Python: {python}"]
    lines += [f"Requires-Dist: {line}" for line in requires]
    (info / "METADATA").write_text("\n".join(lines) + "\n", encoding="utf-8")


def test_a_python_that_is_too_old_is_told(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, ask: Ask) -> None:
    install(tmp_path / "site", "pegboard", "9.0", python=">=4.2")
    monkeypatch.syspath_prepend(str(tmp_path / "site"))
    found = ask()["machine.python"]
    assert found["state"] == "failed"
    assert "pegboard supports >=4.2" in found["message"]


def test_packages_that_are_missing_or_too_old_are_told_together(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, ask: Ask
) -> None:
    needs = ("nosuch-package>=2", "flask>=99", "click>=1", "win-only; sys_platform == 'nowhere'", "more; extra == 'x'")
    install(tmp_path / "site", "pegboard", "9.0", *needs)
    monkeypatch.syspath_prepend(str(tmp_path / "site"))
    found = ask()["machine.packages"]
    assert found["state"] == "failed"
    assert "pegboard needs nosuch-package>=2, which is not installed" in found["message"]
    assert "pegboard needs flask>=99, and 3" in found["message"]
    assert "click" not in found["message"]
    assert "win-only" not in found["message"]


def test_an_instance_folder_that_cannot_be_written_is_told(tmp_path: Path) -> None:
    occupied = tmp_path / "occupied"
    occupied.write_text("a file", encoding="utf-8")
    assert machine.folder(occupied).state == "failed"
    assert machine.folder(occupied / "instance").state == "failed"
    assert machine.folder(tmp_path).state == "ok"
    assert list(tmp_path.iterdir()) == [occupied]


def test_a_folder_that_is_still_to_be_made_needs_a_parent_that_lets_it(tmp_path: Path) -> None:
    assert machine.folder(tmp_path / "a" / "b").state == "ok"
    assert not (tmp_path / "a").exists()


@pytest.mark.skipif(os.name == "nt" or os.geteuid() == 0, reason="root may write everywhere")
def test_a_read_only_folder_is_told(tmp_path: Path) -> None:
    tmp_path.chmod(0o500)
    assert machine.folder(tmp_path).state == "failed"
    assert machine.folder(tmp_path / "instance").state == "failed"
    tmp_path.chmod(0o700)


@pytest.mark.parametrize(("free", "state"), [(50 * GIB, "ok"), (GIB // 2, "warning"), (GIB // 100, "failed")])
def test_little_space_is_a_warning_and_none_a_failure(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, free: int, state: str
) -> None:
    monkeypatch.setattr(shutil, "disk_usage", lambda path: Usage(100 * GIB, 0, free))
    assert machine.space(tmp_path / "not" / "there").state == state


def test_a_clock_before_the_installation_is_told(monkeypatch: pytest.MonkeyPatch) -> None:
    import pegboard

    written = Path(pegboard.__file__).stat().st_mtime
    monkeypatch.setattr("time.time", lambda: written - 200_000)
    assert machine.clock().state == "failed"
