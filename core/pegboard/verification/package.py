"""The check `package`: the wheel has every file of the package that a board reads, and a README."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path

from .findings import Finding
from .subject import Subject

_DATA = ("templates", "static", "migrations", "translations")
_SOURCES = (".po", ".pot", ".pyc")
_METADATA_FILES = ("pyproject.toml", "setup.cfg", "setup.py")
_WHY = "It works where it is developed, and fails where it is installed."


def package_findings(subject: Subject, names: Sequence[str], *, described: bool) -> list[Finding]:
    """Compare what a built wheel holds with the source. `described`: whether its metadata carry a README."""
    home = _source(subject)
    root = home.parents[subject.package.count(".")]
    where = next((name for name in _METADATA_FILES if subject.project and (subject.project / name).is_file()), "")
    files = {path.relative_to(root).as_posix(): read for path, read in _files(home)}
    found = []
    if missing := sorted(name for name, read in files.items() if read and name not in names):
        remedy = 'with setuptools: [tool.setuptools.package-data] "*" = ["py.typed", "README.md", "templates/**", "static/**", …]'
        found.append(Finding("package", f"the wheel lacks {_some(missing)}", _WHY, remedy, where))
    if unclear := sorted(name for name, read in files.items() if not read and name not in names):
        remedy = "list it as package data if its code reads or serves it; else move it out of the package"
        found.append(Finding("package", f"the wheel lacks {_some(unclear)}", _WHY, remedy, where, "warning"))
    if home.is_dir() and not (root / subject.package.partition(".")[0] / "py.typed").exists():
        why = "Type checkers ignore the annotations of a package that has none."
        found.append(
            Finding("package", "there is no py.typed", why, "add it, empty, and list it as package data", where)
        )
    if not described:
        why = "Its page on an index is empty."
        found.append(
            Finding("package", "the wheel carries no README", why, 'readme = "README.md" below [project]', where)
        )
    return found


def _source(subject: Subject) -> Path:
    """The plugin's code in its project; what was installed from there may be a copy."""
    inside = subject.home.relative_to(subject.root)
    places = [project / part / inside for project in [subject.project] if project for part in ("", "src")]
    return next((place for place in places if place.exists()), subject.home)


def _some(names: Sequence[str]) -> str:
    return ", ".join(names[:5]) + (f" and {len(names) - 5} more" if len(names) > 5 else "")


def _files(home: Path) -> Iterator[tuple[Path, bool]]:
    """Every file of the package that may be needed, and whether a board reads it for certain."""
    if home.is_file():
        yield home, True
    for path in home.rglob("*"):
        inside = path.relative_to(home).parts
        read = inside[0] in _DATA or path.name == "py.typed" or inside == ("README.md",) or path.suffix == ".py"
        hidden = any(part.startswith(".") or part == "__pycache__" for part in inside)
        if path.is_file() and not hidden and path.suffix not in _SOURCES and "vendor" not in inside:
            yield path, read
