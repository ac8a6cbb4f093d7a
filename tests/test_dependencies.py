"""What the code imports is what its metadata declares: nothing borrowed from a neighbour, nothing carried for no one."""

from __future__ import annotations

import ast
import sys
from collections.abc import Iterable, Iterator
from importlib import metadata
from pathlib import Path

import pytest

from tools.manifest import (
    ROOT,
    core_requirements,
    example_folders,
    name_of,
    normalised,
    plugin_folders,
    plugin_requirements,
)

CORE = ROOT / "core/pegboard"
PACKAGES = {folder.name: folder / f"pegboard_{folder.name}" for folder in (*plugin_folders(), *example_folders())}


def imported(folder: Path) -> Iterator[tuple[str, str]]:
    """Every third-party import below `folder`: the module's first name, and where it is."""
    for path in sorted(folder.rglob("*.py")):
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if isinstance(node, ast.Import):
                names = [alias.name for alias in node.names]
            elif isinstance(node, ast.ImportFrom) and node.level == 0 and node.module:
                names = [node.module]
            else:
                continue
            for top in {name.partition(".")[0] for name in names} - sys.stdlib_module_names - {"_typeshed"}:
                yield top, f"{path.relative_to(ROOT)}:{node.lineno}"


def undeclared(folder: Path, declared: Iterable[str]) -> list[str]:
    """Imports of a distribution that is not among `declared`. What Flask itself is made of comes with Flask."""
    owners = metadata.packages_distributions()
    allowed = {name_of(line) for line in [*declared, *(metadata.requires("flask") or [])]}
    return [
        f"{where}: {module}"
        for module, where in imported(folder)
        if not module.startswith("pegboard") and not allowed & {normalised(owner) for owner in owners.get(module, [])}
    ]


def test_the_core_declares_what_it_imports() -> None:
    assert undeclared(CORE, core_requirements(None)) == []


@pytest.mark.parametrize("name", PACKAGES)
def test_a_plugin_declares_what_it_imports(name: str) -> None:
    package = PACKAGES[name]

    assert undeclared(package, [*core_requirements([]), *plugin_requirements(package.parent, None)]) == []


@pytest.mark.parametrize("name", PACKAGES)
def test_a_plugin_imports_no_other_plugin(name: str) -> None:
    others = {f"pegboard_{other}" for other in PACKAGES} - {f"pegboard_{name}"}

    assert [where for module, where in imported(PACKAGES[name]) if module in others] == []


def test_the_core_requires_nothing_that_it_never_imports() -> None:
    owners = metadata.packages_distributions()
    used = {normalised(owner) for module, _ in imported(CORE) for owner in owners.get(module, [])}

    idle = sorted({name_of(line) for line in core_requirements([])} - used)
    assert not idle, f"setup.cfg requires them for every board, and no module imports them: {idle}"
