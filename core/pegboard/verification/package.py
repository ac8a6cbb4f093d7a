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
    wanted = [path.relative_to(root).as_posix() for path in _wanted(home)]
    found = []
    if missing := sorted(set(wanted) - set(names)):
        more = f" and {len(missing) - 5} more" if len(missing) > 5 else ""
        remedy = 'with setuptools: [tool.setuptools.package-data] "*" = ["py.typed", "README.md", "templates/**", "static/**", …]'
        found.append(Finding("package", f"the wheel lacks {', '.join(missing[:5])}{more}", _WHY, remedy, where))
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


def _wanted(home: Path) -> Iterator[Path]:
    """Modules, and what a board reads beside them."""
    if home.is_file():
        yield home
    for path in home.rglob("*"):
        inside = path.relative_to(home).parts
        data = inside[0] in _DATA or path.name == "py.typed" or inside == ("README.md",) or path.suffix == ".py"
        hidden = any(part.startswith(".") or part == "__pycache__" for part in inside)
        if path.is_file() and data and not hidden and path.suffix not in _SOURCES and "vendor" not in inside:
            yield path
