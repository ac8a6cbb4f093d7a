"""The imports at the head of a Python file: those that it uses, in blocks, sorted, as a formatter would leave them."""

from __future__ import annotations

import ast
import sys
from collections.abc import Iterable, Iterator
from dataclasses import dataclass

WIDTH = 120
_GUARD = "TYPE_CHECKING"


@dataclass(frozen=True, slots=True)
class Import:
    """One imported name: `from module import name`, or `import name` where there is no module; `name` may end with `as …`."""

    module: str
    name: str

    @property
    def bound(self) -> str:
        """What the file calls it."""
        name, _, alias = self.name.partition(" as ")
        return alias or (name if self.module else name.partition(".")[0])


def tidied(source: str) -> str:
    """A file that begins with its imports, with them sorted, and without those that it never uses."""
    tree = ast.parse(source)
    heads = [node for node in tree.body if isinstance(node, ast.Import | ast.ImportFrom) or _is_guard(node)]
    if not heads:
        return source
    used = {
        inner.id for node in tree.body if node not in heads for inner in ast.walk(node) if isinstance(inner, ast.Name)
    } | {"annotations"}
    guarded = {one for node in heads if isinstance(node, ast.If) for one in imported(node.body)}
    plain = {one for one in imported(heads) if one.bound in used}
    guarded = {one for one in guarded if one.bound in used} - plain
    text = blocks(plain | ({Import("typing", _GUARD)} if guarded else set()))
    if guarded:
        text += f"\n\nif {_GUARD}:\n" + _indented(blocks(guarded))
    lines = source.splitlines()
    body = "\n".join(lines[heads[-1].end_lineno or 0 :]).strip("\n")
    gap = "\n\n\n" if body.startswith(("class ", "def ", "@")) else "\n\n"
    return "\n".join([*lines[: heads[0].lineno - 1], text]) + f"{gap}{body}\n"


def imported(nodes: Iterable[ast.stmt]) -> Iterator[Import]:
    """The names that these statements import; other statements are passed over."""
    for node in nodes:
        if isinstance(node, ast.ImportFrom):
            module = "." * node.level + (node.module or "")
            yield from (Import(module, ast.unparse(alias)) for alias in node.names)
        elif isinstance(node, ast.Import):
            yield from (Import("", ast.unparse(alias)) for alias in node.names)


def blocks(imports: Iterable[Import]) -> str:
    """Statements for them: the future, the standard library, others, Pegboard, relative ones; an empty line between."""
    found: dict[int, list[str]] = {}
    wanted = list(imports)
    for name in sorted({one.name for one in wanted if not one.module}):
        found.setdefault(_block(name), []).append(f"import {name}")
    for module in sorted({one.module for one in wanted if one.module}, key=str.lower):
        names = sorted({one.name for one in wanted if one.module == module}, key=_kind)
        found.setdefault(_block(module), []).append(_from(module, names))
    return "\n\n".join("\n".join(found[block]) for block in sorted(found))


def _from(module: str, names: list[str]) -> str:
    line = f"from {module} import {', '.join(names)}"
    return line if len(line) <= WIDTH else f"from {module} import (\n" + "".join(f"    {n},\n" for n in names) + ")"


def _block(module: str) -> int:
    top = module.partition(" ")[0].partition(".")[0]
    if module.startswith("."):
        return 4
    if top.startswith("pegboard"):
        return 3
    return 0 if top == "__future__" else 1 if top in sys.stdlib_module_names else 2


def _kind(name: str) -> tuple[int, str, str]:
    """Constants, then classes, then functions."""
    return (0 if len(name) > 1 and name.isupper() else 1 if name[0].isupper() else 2, name.lower(), name)


def _is_guard(node: ast.stmt) -> bool:
    return isinstance(node, ast.If) and isinstance(node.test, ast.Name) and node.test.id == _GUARD


def _indented(text: str) -> str:
    return "\n".join(f"    {line}" if line else line for line in text.splitlines())
