"""Every combination that can be asked for: its own tests pass once it is filled in, and its code is clean before."""

from __future__ import annotations

import ast
import os
import re
import shutil
from pathlib import Path
from string import ascii_lowercase

import pytest

from pegboard.cli.scaffold.content import TAKEN
from tests.core.cli.scaffold.generated import TYPES, combinations, fill_in, fill_in_handler, new, options, run
from tools.manifest import ROOT

NAMES = {
    f"{letter}_{'_'.join(filter(None, [capability, *parts])) or 'bare'}": (capability, parts)
    for letter, (capability, parts) in zip(ascii_lowercase, combinations(), strict=False)
}
LONGEST = "a_name_that_has_thirty_letters"


@pytest.fixture
def folders(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> dict[str, Path]:
    """A distribution of each combination, by name."""
    monkeypatch.chdir(tmp_path)
    for name, (capability, parts) in NAMES.items():
        assert new(name, *options(capability, parts)).exit_code == 0
    return {name: tmp_path / f"pegboard-{name.replace('_', '-')}" for name in NAMES}


@pytest.mark.slow
def test_each_passes_its_own_tests_once_the_marked_methods_are_filled_in(
    folders: dict[str, Path], tmp_path: Path
) -> None:
    for name, (capability, parts) in NAMES.items():
        assert (fill_in(folders[name]) if capability else []) == (["write", "open", "remove"] if capability else [])
        if "webhooks" in parts:
            fill_in_handler(folders[name])
    settings = next(iter(folders.values())) / "pyproject.toml"
    said = run(
        tmp_path, "python", "-m", "pytest", "-p", "no:cacheprovider", "-c", settings, "--rootdir", tmp_path, "-v", *folders.values(),
        PYTHONPATH=os.pathsep.join(map(str, folders.values())),
    )  # fmt: skip
    for name, folder in folders.items():
        files = {f"{path.relative_to(tmp_path)}" for path in folder.glob("tests/test_*.py")}
        passed = {line.partition("::")[0] for line in said.splitlines() if "PASSED" in line}
        assert files <= passed, name
    assert not re.search(r"FAILED|ERROR|SKIPPED", said)


@pytest.mark.slow
def test_a_setting_without_a_default_is_given_to_every_test_in_one_place(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    assert new("weather", "--capability", "files", "--with", "models,pages").exit_code == 0
    folder = tmp_path / "pegboard-weather"
    fill_in(folder)
    settings, conftest, readme = (
        folder / "pegboard_weather/settings.py",
        folder / "tests/conftest.py",
        folder / "README.md",
    )
    add(settings, "api_key:", 'city: str = Field(min_length=1, description="Where it looks.")\n\n    ')
    add(conftest, '"title":', '"city": "Oslo", ')
    add(readme, "| `api_key`", "| `city` | `WEATHER_CITY` | | Where it looks. |\n")
    assert " passed" in run(folder, "python", "-m", "pytest", "-q", "-p", "no:cacheprovider", PYTHONPATH=str(folder))


def add(file: Path, before: str, text: str) -> None:
    """Write `text` in front of the words `before`, which are there once."""
    source = file.read_text(encoding="utf-8")
    at = source.index(before)
    assert source.count(before) == 1
    file.write_text(f"{source[:at]}{text}{source[at:]}", encoding="utf-8")


@pytest.mark.slow
def test_a_warning_fails_the_tests_of_a_new_plugin(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    assert new("weather").exit_code == 0
    folder = tmp_path / "pegboard-weather"
    (folder / "tests/test_warning.py").write_text(
        "import warnings\nimport pytest\n\ndef test_it_is_an_error():\n"
        "    with pytest.raises(DeprecationWarning):\n        warnings.warn('old', DeprecationWarning)\n",
        encoding="utf-8",
    )
    run(folder, "python", "-m", "pytest", "-p", "no:cacheprovider", PYTHONPATH=str(folder))


def test_the_classes_that_the_templates_name_are_known(folders: dict[str, Path]) -> None:
    named = set()
    for name, folder in folders.items():
        own = re.compile(rf"(Test)?{name[0].upper()}[A-Z]")
        for node in (node for file in folder.rglob("*.py") for node in ast.walk(ast.parse(file.read_text("utf-8")))):
            if isinstance(node, ast.ImportFrom):
                named |= {alias.name for alias in node.names if not own.match(alias.name)}
            elif isinstance(node, ast.ClassDef) and not own.match(node.name):
                named.add(node.name)
    assert {name for name in named if name[0].isupper() and not name.isupper()} | {"Served"} == TAKEN


@pytest.mark.slow
def test_a_plugin_called_as_a_class_of_the_templates_is_given_another_class(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    providers = {"note": "NoteFileStorage", "none": "NoneFileStorage", "served": "ServedPluginFileStorage"}
    for name, storage in {**providers, "plugin": "PluginFileStorage"}.items():
        assert new(name, "--capability", "files", "--with", "models,pages").exit_code == 0
        folder = tmp_path / f"pegboard-{name}"
        code = f"from pegboard_{name}.provider import {storage}; import pegboard_{name}.views"
        run(folder, "ruff", "check", ".")
        run(folder, "python", "-c", code)


@pytest.mark.slow
def test_each_is_formatted_and_without_findings_of_ruff(folders: dict[str, Path], tmp_path: Path) -> None:
    for folder in folders.values():
        run(folder, "ruff", "format", "--check", ".")
        run(folder, "ruff", "check", ".")


@pytest.mark.slow
def test_each_keeps_the_rules_of_this_repository_under_the_longest_name(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "plugins/other").mkdir(parents=True)
    (tmp_path / "plugins/other/pyproject.toml").touch()
    (tmp_path / "core").symlink_to(ROOT / "core")
    shutil.copy(ROOT / "pyproject.toml", tmp_path)
    for number, (capability, parts) in enumerate(NAMES.values()):
        assert new(f"{LONGEST[:-1]}{ascii_lowercase[number]}", *options(capability, parts)).exit_code == 0
    assert len(list(tmp_path.glob("plugins/*/README.md"))) == len(NAMES)
    run(tmp_path, "ruff", "format", "--check", "plugins")
    run(tmp_path, "ruff", "check", "plugins")


@pytest.mark.slow
def test_each_passes_mypy_strict(folders: dict[str, Path], word: str, tmp_path: Path) -> None:
    """In one run, for which their tests need names that differ; with one whose contract is somebody else's."""
    assert new("pigeon", "--capability", word).exit_code == 0
    tree = tmp_path / "tree"
    tree.mkdir()
    (tree / f"carrier{word}").symlink_to(tmp_path / f"carrier{word}")
    for name, folder in {**folders, "pigeon": tmp_path / "pegboard-pigeon"}.items():
        (tree / f"pegboard_{name}").symlink_to(folder / f"pegboard_{name}")
        (tree / f"{name}_tests").symlink_to(folder / "tests")
    said = run(tree, *TYPES, ".")
    assert int(said.partition("no issues found in ")[2].split()[0]) == len(list(tree.glob("*/**/*.py")))
