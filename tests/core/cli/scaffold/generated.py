"""Distributions as `pegboard plugins new` writes them, and what an author would do with them first: fill in the methods."""

from __future__ import annotations

import ast
import itertools
import subprocess
import sys
import textwrap
from collections.abc import Iterator, Sequence
from pathlib import Path

from click.testing import CliRunner, Result

from pegboard.cli import cli
from pegboard.cli.scaffold.content import PARTS
from tests.serving import foreign_environment
from tools.manifest import ROOT

CAPABILITIES = ("", "files")
MEMORY = {
    "write": """
        body = b"".join(pieces)
        stat = Stat(len(body), content_type, secrets.token_hex(8), datetime.now(UTC), metadata)
        KEPT[key] = stat, body
        return stat
    """,
    "open": """
        if key not in KEPT:
            raise NotFound(f"nothing is stored under {key}", provider=self.name, operation="open")
        stat, body = KEPT[key]
        return nullcontext((stat, iter([body[start:end]])))
    """,
    "remove": """
        KEPT.pop(key, None)
    """,
}
"""The bodies of the three methods over a dictionary."""
HEAD = """
import secrets
from contextlib import nullcontext
from datetime import UTC, datetime

from pegboard.errors import NotFound

KEPT: dict[str, tuple[Stat, bytes]] = {}
"""
TYPES = (
    *(
        "mypy",
        "--strict",
        "--explicit-package-bases",
        "--warn-unreachable",
        f"--cache-dir={ROOT / '.cache/mypy-generated'}",
    ),
    *(f"--enable-error-code={code}" for code in ("ignore-without-code", "redundant-expr", "truthy-bool")),
)
"""The strictest that this repository asks for, with a cache that the tests share."""
SMALL = "    large = 1024 * 1024  # a dictionary holds what it stores\n\n"


def combinations() -> Iterator[tuple[str, tuple[str, ...]]]:
    """Each capability with each choice of parts."""
    for capability in CAPABILITIES:
        for count in range(len(PARTS) + 1):
            yield from ((capability, parts) for parts in itertools.combinations(PARTS, count))


def options(capability: str, parts: Sequence[str]) -> list[str]:
    """The options that ask for it."""
    return [*(["--capability", capability] if capability else []), *(["--with", ",".join(parts)] if parts else [])]


def new(*arguments: str) -> Result:
    """Run `pegboard plugins new …` here."""
    return CliRunner().invoke(cli, ["plugins", "new", *arguments])


def fill_in(folder: Path) -> list[str]:
    """Write the methods that are marked, over a dictionary; the names of those that there were."""
    (package,) = folder.glob("pegboard_*/")
    file = package / "provider.py"
    source = file.read_text(encoding="utf-8")
    lines = source.splitlines()
    filled: list[str] = []
    for node in reversed([node for node in ast.walk(ast.parse(source)) if isinstance(node, ast.FunctionDef)]):
        last = node.body[-1]
        if isinstance(last, ast.Raise) and "NotImplementedError" in ast.unparse(last):
            assert lines[last.lineno - 2].strip() == "# FILL IN"
            body = textwrap.indent(textwrap.dedent(MEMORY[node.name]).strip(), " " * 8)
            lines[last.lineno - 2 : last.end_lineno] = body.splitlines()
            filled.insert(0, node.name)
    at = next(number for number, line in enumerate(lines) if line.startswith("class "))
    lines[at:at] = [*HEAD.strip().splitlines(), "", ""]
    file.write_text("\n".join(lines) + "\n", encoding="utf-8")
    test = folder / "tests/test_provider.py"
    text = test.read_text(encoding="utf-8")
    test.write_text(text.replace("    @pytest.fixture\n", f"{SMALL}    @pytest.fixture\n", 1), encoding="utf-8")
    return filled


def fill_in_handler(folder: Path) -> None:
    """Let the plugin be content with every webhook."""
    (file,) = folder.glob("pegboard_*/webhooks.py")
    source = file.read_text(encoding="utf-8")
    head, marked, _ = source.partition("    # FILL IN\n    raise NotImplementedError")
    assert marked
    file.write_text(f"{head}    assert webhook.id\n", encoding="utf-8")


def run(folder: Path, *command: str | Path, **variables: str) -> str:
    """What a program says; it must end well. `python` and other tools are those of this environment."""
    program = Path(sys.executable).parent / command[0]
    done = subprocess.run(
        [str(program), *map(str, command[1:])],
        cwd=folder,
        env=foreign_environment(**variables),
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        timeout=300,
        check=False,
    )
    assert done.returncode == 0, f"{' '.join(map(str, command))}\n{done.stdout[-8000:]}\n{done.stderr[-3000:]}"
    return done.stdout
