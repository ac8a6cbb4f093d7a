"""What holds for the whole source: imports run downward, no vendor in the core, every hook documented, used and tested."""

from __future__ import annotations

import ast
import re
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from pegboard.collect import COLLECTED, VETOES
from pegboard.hookspecs import EVENTS, PROJECT, Hooks

ROOT = Path(__file__).resolve().parents[2]
CORE = ROOT / "core" / "pegboard"
SPECIFIED = [name for name, value in vars(Hooks).items() if hasattr(value, f"{PROJECT}_spec")]
HOOKS = [name for name in SPECIFIED if name not in EVENTS]  # those have tests of their own: tests/core/events
VENDORS = (
    "amazon", "aws", "boto", "stripe", "resend", "sendgrid", "mailgun", "google", "github", "microsoft", "seaweed", "minio",
    "cloudflare", "heroku", "twilio", "analytics 4", "ga4",
)  # fmt: skip


def sources(folder: Path, *kinds: str) -> Iterator[Path]:
    for kind in kinds:
        yield from (path for path in sorted(folder.rglob(f"*.{kind}")) if "vendor" not in path.parts)


@pytest.mark.parametrize("hook", HOOKS)
def test_every_hook_has_a_sentence_an_implementation_and_a_test(hook: str) -> None:
    described = (vars(Hooks)[hook].__doc__ or "").strip()
    assert described.endswith("."), f"{hook} needs a docstring of whole sentences"
    written = re.compile(rf"@hookimpl[^\n]*\n\s+def {hook}\(")
    folders = (CORE / "builtin", ROOT / "plugins", ROOT / "examples")
    users = [path for folder in folders for path in sources(folder, "py")]
    assert any(written.search(path.read_text(encoding="utf-8")) for path in users), f"no plugin implements {hook}"
    tried = re.compile(rf'\bdef {hook}\(self|\b{hook}=(?!True|False)|"{hook}"')
    tests = (path for path in sources(ROOT / "tests", "py") if path != Path(__file__))
    assert any(tried.search(path.read_text(encoding="utf-8")) for path in tests), f"no test implements or calls {hook}"


def test_every_hook_is_collected_or_a_veto_or_hears_an_event_or_is_called_when_the_board_is_ready() -> None:
    assert {*COLLECTED, *VETOES, *EVENTS, "app_ready"} == set(SPECIFIED)


@pytest.mark.parametrize("vendor", VENDORS)
def test_the_core_names_no_vendor(vendor: str) -> None:
    word = re.compile(rf"(?<![a-z]){re.escape(vendor)}", re.IGNORECASE)
    places = [
        f"{path.relative_to(ROOT)}:{number}: {line.strip()}"
        for path in sources(CORE, "py", "html", "js", "css")
        for number, line in enumerate(path.read_text(encoding="utf-8").splitlines(), 1)
        if word.search(line)
    ]
    assert places == []


def imports(path: Path) -> Iterator[str]:
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom) and node.level == 0:
            yield node.module or ""


def test_the_core_imports_no_plugin() -> None:
    names = re.compile(r"pegboard_\w+")
    found = {str(p.relative_to(ROOT)): n for p in sources(CORE, "py") for n in imports(p) if names.match(n)}
    assert found == {}


def test_below_the_builtins_nothing_imports_one() -> None:
    rooms = [p for p in sources(CORE, "py") if not {"builtin", "cli", "testing"} & set(p.relative_to(CORE).parts)]
    found = {
        str(path.relative_to(ROOT)): name
        for path in rooms
        if path.name != "__init__.py"
        for name in imports(path)
        if name.startswith("pegboard.builtin")
    }
    assert found == {}


@pytest.mark.slow
def test_imports_run_downward_only() -> None:
    tool = Path(sys.executable).parent / "lint-imports"
    code = "from importlinter.cli import lint_imports_command; lint_imports_command()"
    command = [str(tool)] if tool.exists() else [sys.executable, "-c", code]
    done = subprocess.run(
        [*command, "--config", "setup.cfg", "--no-cache"],
        cwd=ROOT,
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )
    assert done.returncode == 0, done.stdout + done.stderr


@pytest.mark.parametrize("path", sorted(sources(CORE, "py")), ids=lambda path: str(path.relative_to(CORE)))
def test_a_module_says_what_it_is_for_and_stays_short(path: Path) -> None:
    text = path.read_text(encoding="utf-8")
    assert not text.strip() or ast.get_docstring(ast.parse(text)), "a module opens with a sentence"
    assert len([line for line in text.splitlines() if line.strip()]) <= 300, "split it by feature"
