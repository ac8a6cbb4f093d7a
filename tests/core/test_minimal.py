"""A board with nothing enabled costs nothing: few imports, no page, no connection, no thread."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

import pegboard
from tests.booting import SLOW, boot

CORE = str(Path(pegboard.__file__).parents[1])
MOST_DISTRIBUTIONS = 12


def run(code: str, folder: Path) -> Any:
    """What a fresh interpreter prints, as JSON."""
    code = f"import sys; sys.path.insert(0, {CORE!r})\n{code}"
    done = subprocess.run(
        [sys.executable, "-c", code], cwd=folder, capture_output=True, text=True, timeout=60, check=False
    )
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout)


HELLO = """
import json
from flask import Blueprint
from pegboard import BoardSettings, Plugin, create_app, hookimpl

class Hello(Plugin):
    name = "hello"
    url_prefix = ""

    @hookimpl
    def blueprints(self):
        blueprint = Blueprint("hello", "hello")
        blueprint.add_url_rule("/", "index", lambda: "hello")
        yield blueprint

app = create_app(BoardSettings(env="test", builtins=()), plugins=[Hello])
assert app.test_client().get("/").text == "hello"
"""

DISTRIBUTIONS = """
from importlib.metadata import PackageNotFoundError, packages_distributions, requires
import re
homes = packages_distributions()
loaded = {homes[top][0].lower() for top in {name.partition(".")[0] for name in sys.modules} if top in homes}
flasks, waiting = set(), ["flask"]
while waiting:
    name = waiting.pop()
    if name not in flasks:
        flasks.add(name)
        try:
            lines = requires(name) or ()
        except PackageNotFoundError:  # wanted by another version of Python only
            continue
        waiting += [re.match(r"[A-Za-z0-9_.-]+", line)[0].lower() for line in lines if "extra" not in line]
print(json.dumps(sorted(loaded - flasks - {"pegboard"})))
"""


@pytest.mark.slow
def test_a_hello_board_imports_few_distributions_beyond_flasks_own(tmp_path: Path) -> None:
    found = run(HELLO + DISTRIBUTIONS, tmp_path)
    assert "pluggy" in found
    assert len(found) <= MOST_DISTRIBUTIONS, found


@pytest.mark.slow
def test_a_hello_board_does_not_import_what_only_others_need(tmp_path: Path) -> None:
    heavy = [
        "sqlalchemy",
        "flask_sqlalchemy",
        "flask_wtf",
        "wtforms",
        "flask_login",
        "limits",
        "alembic",
        "argon2",
        "babel",
    ]
    assert run(HELLO + f"print(json.dumps([name for name in {heavy} if name in sys.modules]))", tmp_path) == []


@pytest.mark.slow
def test_a_board_with_every_builtin_boots_without_any_slow_library(tmp_path: Path) -> None:
    blueprints, packages = boot(tmp_path)
    assert blueprints >= {"accounts", "console", "files", "home", "local_files"}
    assert packages & {*SLOW} == set()


@pytest.mark.slow
def test_importing_pegboard_imports_no_flask(tmp_path: Path) -> None:
    code = "import json, pegboard; print(json.dumps([n for n in ('flask', 'pluggy', 'pydantic') if n in sys.modules]))"
    assert run(code, tmp_path) == []


@pytest.mark.slow
def test_a_plan_without_pages_exists_before_anything_is_served(tmp_path: Path) -> None:
    """`assemble` reports what is wrong without making an application."""
    code = """
import json
from pegboard.board import assemble
from pegboard.sources import given_sources
plan = assemble(given_sources({"pegboard": {"builtins": [], "plugins": ["nosuch"], "app_name": ""}}))
print(json.dumps([problem.plugin for problem in plan.problems]))
"""
    assert run(code, tmp_path) == ["pegboard", "nosuch"]


def test_an_empty_board_has_no_url_but_health_and_static(make_board: Any) -> None:
    app = make_board()
    assert {rule.rule for rule in app.url_map.iter_rules()} == {"/healthz", "/readyz", "/static/<path:filename>"}
    assert "sqlalchemy" not in app.extensions
    assert app.test_client().get("/").status_code == 404


@pytest.mark.slow
def test_making_a_board_starts_no_thread_and_no_connection(tmp_path: Path) -> None:
    code = """
import json, socket, sqlite3, threading
opened = []
def audit(event, arguments):
    if event in ("socket.connect", "sqlite3.connect", "_thread.start_new_thread"):
        opened.append(event)
sys.addaudithook(audit)
from pegboard import BoardSettings, create_app
app = create_app(BoardSettings(env="test", builtins=(), database_url="sqlite:///board.db"))
app.test_client().get("/healthz")
print(json.dumps([opened, threading.active_count()]))
"""
    assert run(code, tmp_path) == [[], 1]
    assert not (tmp_path / "board.db").exists()


def test_every_public_name_can_be_imported() -> None:
    missing = {"files"}  # belongs to a builtin that has its own tests
    for name in set(pegboard.__all__) - missing:
        assert getattr(pegboard, name)
    with pytest.raises(AttributeError, match="has no attribute 'nosuch'"):
        _ = pegboard.nosuch
