"""The list of fixtures in `docs/testing.md`, from their docstrings. The rest of that page is written by hand."""

from __future__ import annotations

import ast
import inspect
from collections.abc import Iterator

from tools.manifest import ROOT

PAGE = ROOT / "docs/testing.md"
SOURCE = ROOT / "core/pegboard/testing/fixtures.py"
_BEGIN, _END = "<!-- fixtures:", "<!-- end of fixtures -->"


def testing_page() -> str:
    """The page, with the list as the code has it."""
    text = PAGE.read_text(encoding="utf-8")
    head, _, rest = text.partition(_BEGIN)
    comment, _, _ = rest.partition("\n")
    return "\n".join([f"{head}{_BEGIN}{comment}", "", *_rows(), "", _END + rest.partition(_END)[2]])


def fixtures() -> Iterator[ast.FunctionDef]:
    """The functions that are fixtures, in the order of the file."""
    for node in ast.parse(SOURCE.read_text(encoding="utf-8")).body:
        if isinstance(node, ast.FunctionDef) and any(
            "pytest.fixture" in ast.unparse(one) for one in node.decorator_list
        ):
            yield node


def _rows() -> Iterator[str]:
    yield "| fixture | is | what for |"
    yield "| --- | --- | --- |"
    for node in fixtures():
        given = ast.unparse(node.returns) if node.returns else ""
        given = given.removeprefix("Iterator[").removesuffix("]") if given.startswith("Iterator[") else given
        about = " ".join(inspect.cleandoc(ast.get_docstring(node) or "").split())
        yield f"| `{node.name}` | `{given}` | {about} |"
