"""The skeleton of a provider, from the contract of its capability: each method with its signature, its words, and an error."""

from __future__ import annotations

import ast
import builtins
import inspect
import re
import sys
import textwrap
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from importlib.util import resolve_name
from typing import Generic, Protocol

from .imports import Import, blocks, imported

Function = ast.FunctionDef | ast.AsyncFunctionDef
NotFilledIn = Callable[[str, str], str]
"""Gives the statement that raises, from a method's name and its task."""
_ONE_LINE = 88  # what every formatter leaves on one line
_SINGLE_QUOTED = re.compile(r"'([^'\"\\]*)'")


@dataclass(frozen=True, slots=True)
class Stubs:
    """The source of a class's parts, and of the imports that they need."""

    contract: str
    imports: str
    attributes: str
    methods: str


def stubs_of(contract: type, not_filled_in: NotFilledIn) -> Stubs:
    """A stub for each public member of a Protocol. OSError where its source is not there."""
    members: dict[str, tuple[type, ast.stmt]] = {}
    for kind in reversed(contract.__mro__):
        if kind not in (object, Protocol, Generic):
            members |= {name: (kind, node) for name, node in _members(kind)}
    nodes = [node for _, node in members.values()]
    return Stubs(
        contract=contract.__name__,
        imports=blocks({one for kind, node in members.values() for one in _needed(node, kind)}),
        attributes="\n".join(f"    {_code(node)}" for node in nodes if isinstance(node, ast.AnnAssign)),
        methods="\n\n".join(_method(node, contract, not_filled_in) for node in nodes if isinstance(node, Function)),
    )


def _members(kind: type) -> Iterator[tuple[str, ast.stmt]]:
    """Methods and annotated attributes, in the order of the class."""
    (tree,) = ast.parse(textwrap.dedent(inspect.getsource(kind))).body
    for node in tree.body if isinstance(tree, ast.ClassDef) else []:
        if isinstance(node, Function) and not node.name.startswith("_"):
            yield node.name, _unquoted(node)
        elif isinstance(node, ast.AnnAssign) and isinstance(node.target, ast.Name) and node.value is None:
            yield node.target.id, node


def _unquoted(node: Function) -> Function:
    """Without quotes around annotations: a skeleton does not evaluate them."""
    for inner in ast.walk(node.args):
        if isinstance(inner, ast.arg) and inner.annotation is not None:
            inner.annotation = _Unquoted().visit(inner.annotation)
    node.returns = _Unquoted().visit(node.returns) if node.returns else None
    return node


class _Unquoted(ast.NodeTransformer):
    def visit_Constant(self, node: ast.Constant) -> ast.expr:
        return ast.parse(node.value, mode="eval").body if isinstance(node.value, str) else node

    def visit_Subscript(self, node: ast.Subscript) -> ast.AST:
        return node if ast.unparse(node.value).endswith(("Literal", "Annotated")) else self.generic_visit(node)


def _needed(node: ast.stmt, kind: type) -> Iterator[Import]:
    """What the signature of a member names, from where the contract's own module has it."""
    module = sys.modules[kind.__module__]
    package = module.__name__ if hasattr(module, "__path__") else module.__name__.rpartition(".")[0]
    tree = ast.walk(ast.parse(inspect.getsource(module)))
    homes = {one.bound: one for one in imported(part for part in tree if isinstance(part, ast.stmt))}
    for name in _named(node):
        home = homes.get(name)
        if home is None and name in vars(module):
            yield Import(module.__name__, name)
        elif home is not None:
            yield Import(resolve_name(home.module, package) if home.module else "", home.name)
        elif not hasattr(builtins, name):
            raise OSError(f"{module.__name__} names {name!r} and does not import it")


def _named(node: ast.stmt) -> set[str]:
    signature: list[ast.AST] = [node.annotation] if isinstance(node, ast.AnnAssign) else []
    if isinstance(node, Function):
        signature = [node.args, *node.decorator_list, *([node.returns] if node.returns else [])]
    return {inner.id for part in signature for inner in ast.walk(part) if isinstance(inner, ast.Name)}


def _method(node: Function, contract: type, not_filled_in: NotFilledIn) -> str:
    words = ast.get_docstring(node) or f"As `{contract.__name__}.{node.name}`."
    sentence = re.split(r"\.(?:\s|$)", " ".join(words.partition("\n\n")[0].split()))[0]
    escaped = words.replace("\\", "\\\\").replace('"""', '\\"\\"\\"')
    body = [
        f'"""{escaped}\n"""' if "\n" in escaped else f'"""{escaped}"""',
        "# FILL IN",
        not_filled_in(node.name, f"do what its docstring says: {sentence}"),
    ]
    lines = [*(f"@{_code(one)}" for one in node.decorator_list), _signature(node)]
    return textwrap.indent("\n".join([*lines, textwrap.indent("\n".join(body), "    ")]), "    ")


def _signature(node: Function) -> str:
    word = "async def" if isinstance(node, ast.AsyncFunctionDef) else "def"
    returns = f" -> {_code(node.returns)}" if node.returns else ""
    parameters = list(_parameters(node.args))
    line = f"{word} {node.name}({', '.join(parameters)}){returns}:"
    if len(line) + 4 <= _ONE_LINE:
        return line
    return "\n".join([f"{word} {node.name}(", *(f"    {one}," for one in parameters), f"){returns}:"])


def _parameters(args: ast.arguments) -> Iterator[str]:
    positional = [*args.posonlyargs, *args.args]
    defaults = [*[None] * (len(positional) - len(args.defaults)), *args.defaults]
    for number, (one, default) in enumerate(zip(positional, defaults, strict=True), 1):
        yield _parameter(one, default)
        if number == len(args.posonlyargs):
            yield "/"
    if args.vararg or args.kwonlyargs:
        yield f"*{_parameter(args.vararg, None)}" if args.vararg else "*"
    for one, default in zip(args.kwonlyargs, args.kw_defaults, strict=True):
        yield _parameter(one, default)
    if args.kwarg:
        yield f"**{_parameter(args.kwarg, None)}"


def _parameter(one: ast.arg, default: ast.expr | None) -> str:
    text = f"{one.arg}: {_code(one.annotation)}" if one.annotation else one.arg
    if default is None:
        return text
    return f"{text} = {_code(default)}" if one.annotation else f"{text}={_code(default)}"


def _code(node: ast.AST) -> str:
    return _SINGLE_QUOTED.sub(r'"\1"', ast.unparse(node))
