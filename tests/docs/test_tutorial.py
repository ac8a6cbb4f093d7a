"""The tutorial, from its first line to its last, as its reader types it."""

from __future__ import annotations

import re
import urllib.parse
import urllib.request
from collections.abc import Callable, Iterator
from http.cookiejar import CookieJar
from pathlib import Path

import pytest

from tests.author import Author, author, built, shared
from tests.core.cli.scaffold.generated import TYPES, run
from tests.serving import free_port, served
from tools.manifest import ROOT

__all__ = ["author", "built", "shared"]
pytestmark = pytest.mark.slow

TEXT = (ROOT / "docs/tutorial.md").read_text(encoding="utf-8")
PREPARED = {"mkdir club && cd club", "python -m venv .venv && . .venv/bin/activate", 'pip install "pegboard[test]"'}
"""What the fixture has done already."""
ADA = {"email": "ada@example.com", "name": "Ada", "password": "correct horse battery"}


def blocks() -> Iterator[tuple[str, str, str]]:
    """Each block's language and content, and the file that the text before it named last."""
    place = ""
    for part in re.split(r"(^```\w+\n.*?^```$)", TEXT, flags=re.MULTILINE | re.DOTALL):
        if not part.startswith("```"):
            named = re.findall(r"`(pegboard\.toml|pegboard-journal/[\w/.-]+\.\w+)`", part)
            place = named[-1] if named else place
            continue
        first, _, content = part.removesuffix("```").partition("\n")
        yield first.removeprefix("```"), content, place


def changed(text: str, change: str) -> str:
    """The text with a change made: `-` goes, `+` comes, other lines say where. The place must be there, once."""
    lines = change.splitlines()
    before = "".join(f"{line[1:]}\n" for line in lines if not line.startswith("+"))
    after = "".join(f"{line[1:]}\n" for line in lines if not line.startswith("-"))
    assert f"\n{text}".count(f"\n{before}") == 1, f"not there, or not once:\n{before}"
    return f"\n{text}".replace(f"\n{before}", f"\n{after}", 1)[1:]


class Visitor:
    """A browser, as far as forms go."""

    def __init__(self, url: str) -> None:
        self.url = url
        self.opener = urllib.request.build_opener(urllib.request.HTTPCookieProcessor(CookieJar()))

    def get(self, path: str) -> str:
        with self.opener.open(f"{self.url}{path}", timeout=20) as answer:
            return str(answer.read().decode())

    def submit(self, path: str, page: str = "", **fields: str) -> str:
        token = re.search(r'name="csrf_token"[^>]*value="([^"]+)"', self.get(page or path))
        assert token
        data = urllib.parse.urlencode({"csrf_token": token[1], **fields}).encode()
        with self.opener.open(f"{self.url}{path}", data, timeout=20) as answer:
            return str(answer.read().decode())


def test_every_step_works_as_it_stands(author: Author) -> None:
    visits = iter([first_visit, last_visit])
    for language, content, place in blocks():
        if language == "console":
            for command in re.split(r"^\$ ", content, flags=re.MULTILINE)[1:]:
                line, _, expected = command.partition("\n")
                if line == "pegboard run":
                    serve(author, next(visits))
                elif line not in PREPARED:
                    said = author.types(line)
                    assert [words for words in expected.splitlines() if words.strip() not in said] == [], said
            continue
        file = author.folder / place
        text = file.read_text(encoding="utf-8")
        assert language in ("diff", "python")
        file.write_text(changed(text, content) if language == "diff" else f"{text}\n\n{content}", encoding="utf-8")
    assert next(visits, None) is None
    keeps_the_rules(author.folder / "pegboard-journal")


def serve(author: Author, visit: Callable[[Visitor], None]) -> None:
    """Run the board as `pegboard run` does, on a port that is free, for one visit."""
    port = free_port()
    command = [str(author.environment / "bin/pegboard"), "run", f"--port={port}"]
    with served(command, port=port, folder=author.folder, environment=author.variables()) as url:
        visit(Visitor(url))


def first_visit(visitor: Visitor) -> None:
    """An account is made, the menu leads to the page, a note is listed."""
    assert '<a href="/journal/"' in visitor.submit("/account/sign-up", **ADA)
    assert "No notes yet" in visitor.get("/journal/")
    assert "Read chapter one" in visitor.submit("/journal/", text="Read chapter one")


def last_visit(visitor: Visitor) -> None:
    """The note is still there, and can be pinned; the title and the limit are those of the file."""
    visitor.submit("/account/sign-in", email=ADA["email"], password=ADA["password"])
    page = visitor.get("/journal/")
    assert "<h1>Reading notes</h1>" in page
    assert "Read chapter one" in page
    assert "Unpin" not in page
    assert "Unpin" in visitor.submit("/journal/1/pin", page="/journal/")
    for _ in range(2):
        visitor.submit("/journal/", text="Another")
    assert "You have 3 notes, and no more fit." in visitor.submit("/journal/", text="One too many")


def keeps_the_rules(folder: Path) -> None:
    """What was typed is as clean as what was generated. Written migrations are left as they are."""
    run(folder, "ruff", "format", "--check", "--exclude", "migrations", ".")
    run(folder, "ruff", "check", "--exclude", "migrations", ".")
    run(folder, *TYPES)
