"""The page that brings an application: what it shows is run as it stands, before and after, with and without data."""

from __future__ import annotations

import json
import re
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

from tests.serving import foreign_environment

pytestmark = pytest.mark.slow
PAGE = (Path(__file__).resolve().parents[2] / "docs" / "bring-your-app.md").read_text(encoding="utf-8")
FILE = re.compile(r"^`(?P<path>[\w./]+)`\n\n```(?P<language>\w+)\n(?P<text>.*?)^```$", re.MULTILINE | re.DOTALL)
COMMANDS = re.compile(r"^\$ pegboard (.*)$", re.MULTILINE)

BY_ITSELF = """
from notes import create_app
client = create_app().test_client()
client.post("/notes/", data={"text": "from before"})
print("from before" in client.get("/notes/").text)
"""
BROUGHT = """
import json, re
from flask import session
from pegboard import create_app
from pegboard.builtin.accounts.identity import sign_in
from pegboard.builtin.accounts.service import create_user

app = create_app()
visitor, alice = app.test_client(), app.test_client()
with app.test_request_context():
    sign_in(create_user("alice@example.com", "Alice", "analytical engine 1843"))
    left = dict(session)
with alice.session_transaction() as cookie:
    cookie.update(left)
page = alice.get("/notes/").text
token = re.search(r'name="csrf_token" value="([^"]+)"', page)[1]
print(json.dumps({
    "visitor": visitor.get("/notes/").location,
    "page": page,
    "without token": alice.post("/notes/", data={"text": "forged"}).status_code,
    "with token": alice.post("/notes/", data={"text": "brought", "csrf_token": token}).location,
    "after": alice.get("/notes/").text,
}))
"""


def section(title: str) -> str:
    """What is below a heading of the page."""
    return PAGE.partition(f"## {title}\n")[2].partition("\n## ")[0]


@dataclass(slots=True)
class Folder:
    """Where the page's files are written and its commands run."""

    path: Path

    def follow(self, title: str) -> None:
        """Write and edit the files of a section, in order."""
        found = list(FILE.finditer(section(title)))
        assert found, f"{title} shows no file"
        for each in found:
            file = self.path / each["path"]
            file.parent.mkdir(parents=True, exist_ok=True)
            text = each["text"]
            if each["language"] == "diff":
                text = _edited(file.read_text(encoding="utf-8"), text)
            file.write_text(text, encoding="utf-8")

    def python(self, code: str) -> str:
        return self._run(sys.executable, "-c", code)

    def pegboard(self, *arguments: str) -> str:
        return self._run(str(Path(sys.executable).parent / "pegboard"), *arguments)

    def _run(self, *command: str) -> str:
        done = subprocess.run(
            command, cwd=self.path, env=foreign_environment(**self.variables), capture_output=True, text=True, timeout=120,
            check=False,
        )  # fmt: skip
        assert done.returncode == 0, f"{command}\n{done.stdout}\n{done.stderr}"
        return done.stdout

    @property
    def variables(self) -> dict[str, str]:
        file = self.path / "variables.json"
        found: dict[str, str] = json.loads(file.read_text(encoding="utf-8")) if file.exists() else {}
        return found


def _edited(old: str, diff: str) -> str:
    lines = diff.splitlines(keepends=True)
    before, after = ("".join(line[1:] for line in lines if line[0] in kinds) for kinds in (" -", " +"))
    assert old.count(before) == 1, f"what is to be edited is not there, once:\n{before}"
    return old.replace(before, after)


def commands(title: str) -> Iterator[list[str]]:
    """The pegboard commands that a section shows, in order."""
    yield from (line.split() for line in COMMANDS.findall(section(title)))


@pytest.fixture
def folder(tmp_path: Path) -> Folder:
    made = Folder(tmp_path)
    made.follow("What there is")
    return made


@pytest.fixture
def brought(folder: Folder) -> Folder:
    folder.follow("Ten lines")
    folder.follow("Four edits")
    return folder


def looks_brought(folder: Folder) -> None:
    said = json.loads(folder.python(BROUGHT))
    assert said["visitor"] == "/account/sign-in?next=/notes/"
    assert '<a class="brand" href="/">' in said["page"], "the layout is around it"
    assert '<a href="/notes/" aria-current="page">Notes</a>' in said["page"], "the menu leads to it"
    assert said["without token"] == 400
    assert said["with token"] == "/notes/"
    assert "<li>brought</li>" in said["after"]
    assert "forged" not in said["after"]


def test_the_plugin_is_ten_lines_or_so() -> None:
    (plugin,) = [each["text"] for each in FILE.finditer(section("Ten lines")) if each["path"].endswith("plugin.py")]
    code = [line for line in plugin.splitlines() if line.strip() and not line.startswith(("from ", "import "))]
    assert len(code) <= 13


def test_the_application_is_one_before(folder: Folder) -> None:
    assert folder.python(BY_ITSELF) == "True\n"


def test_brought_it_has_layout_menu_sign_in_tokens_and_a_migration(brought: Folder) -> None:
    migrate, upgrade, *_ = commands("Its tables")
    assert migrate[:2] == ["db", "migrate"]
    brought.pegboard(*migrate)
    brought.pegboard(*upgrade)
    assert (brought.path / "notes" / "migrations" / "versions" / "notes_0001_begin.py").exists()
    brought.pegboard("db", "check")
    brought.pegboard("doctor")
    looks_brought(brought)


def test_the_data_of_the_old_application_comes_along(folder: Folder) -> None:
    folder.python(BY_ITSELF)
    folder.follow("Ten lines")
    folder.follow("Four edits")
    migrate, *others = commands("Its tables")
    folder.pegboard(*migrate)  # where nothing is yet
    (folder.path / "variables.json").write_text('{"DATABASE_URL": "sqlite:///instance/notes.db"}', encoding="utf-8")
    adopt, upgrade = others[-2:]
    assert adopt[:2] == ["db", "adopt"]
    folder.pegboard(*adopt)
    folder.pegboard(*upgrade)
    looks_brought(folder)
    assert "from before" in json.loads(folder.python(BROUGHT.replace("alice@", "carol@")))["page"]


def test_plain_models_are_brought_by_their_base(brought: Folder) -> None:
    brought.follow("Models without Flask-SQLAlchemy")
    views = brought.path / "notes" / "views.py"
    views.write_text(
        views.read_text(encoding="utf-8").replace("Note.query.all()", "db.session.query(Note).all()"), encoding="utf-8"
    )
    for command in list(commands("Its tables"))[:2]:
        brought.pegboard(*command)
    brought.pegboard("db", "check")
    looks_brought(brought)


def test_forgetting_a_step_is_told_before_anything_is_served(folder: Folder) -> None:
    folder.follow("Ten lines")
    with pytest.raises(AssertionError, match="Note is on a MetaData of its own"):
        folder.pegboard("config", "check")
