"""The check `contract`: a provider of a capability whose contract suite is shipped is tried by it in the plugin's own tests."""

from __future__ import annotations

import ast
from collections.abc import Iterator, Sequence
from pathlib import Path

import pegboard

from .findings import Finding, Outcome
from .subject import Subject

_SUITES = Path(pegboard.__file__).parent / "testing"
_WHY = "The suite holds what application code relies on; what it would find, the plugin's users find."


def check_contract(subject: Subject, capabilities: Sequence[str]) -> Outcome:
    """`capabilities` are the words of those that the plugin provides."""
    wanted = {word: suites(word) for word in capabilities if suites(word)}
    if not wanted:
        return Outcome("contract", note="it provides nothing that has a contract suite", skipped=True)
    folders = list(_test_folders(subject))
    if not folders:
        return Outcome("contract", note="its tests are not on this machine", skipped=True)
    tests = [path for folder in folders for path in folder.rglob("test_*.py")]
    missing = [word for word, names in wanted.items() if not any(_subclasses(path, names, subject) for path in tests)]
    return Outcome("contract", tuple(_finding(word, wanted[word], folders[0]) for word in missing))


def _finding(word: str, names: Sequence[str], folder: Path) -> Finding:
    what = f"no test of it subclasses {' or '.join(names)}"
    return Finding("contract", what, _WHY, f"subclass it, from pegboard.testing.{word}", str(folder), "warning")


def suites(capability: str) -> list[str]:
    """The contract suites that are shipped for a capability, read without importing pytest."""
    package = _SUITES / capability / "__init__.py"
    if not package.is_file():
        return []
    strings = (
        node.value
        for node in ast.walk(ast.parse(package.read_text(encoding="utf-8")))
        if isinstance(node, ast.Constant)
    )
    return sorted(
        {text for text in strings if isinstance(text, str) and text.isidentifier() and text.endswith("Contract")}
    )


def _test_folders(subject: Subject) -> Iterator[Path]:
    """Of the project, and of the repository around it."""
    project = subject.project
    if project is None:
        return
    for folder in (project, *project.parents[:2]):
        if (folder / "tests").is_dir():
            yield folder / "tests"
        if (folder / ".git").exists():
            return


def _subclasses(path: Path, names: Sequence[str], subject: Subject) -> bool:
    """Whether a test module has a class of one of these suites, and speaks of this plugin."""
    text = path.read_text(encoding="utf-8", errors="replace")
    if subject.package not in text:
        return False
    try:
        tree = ast.parse(text)
    except SyntaxError:
        return False
    bases = (base for node in ast.walk(tree) if isinstance(node, ast.ClassDef) for base in node.bases)
    return any({getattr(base, "id", ""), getattr(base, "attr", "")} & set(names) for base in bases)
