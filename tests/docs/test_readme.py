"""The README's example is run as it stands: what a newcomer copies must work."""

from __future__ import annotations

import re
import sys
from pathlib import Path

import pytest

from pegboard import create_app
from pegboard.errors import ConfigError
from pegboard.sources import read_sources

ROOT = Path(__file__).resolve().parents[2]
README = (ROOT / "README.md").read_text(encoding="utf-8")


def blocks(language: str) -> list[str]:
    """The README's code blocks in a language, in order."""
    return re.findall(rf"^```{language}\n(.*?)^```$", README, re.MULTILINE | re.DOTALL)


@pytest.fixture
def deployment(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder with the example's two files; no builtins, so that only the example is tested."""
    code, toml = blocks("python")[0], blocks("toml")[1]
    (tmp_path / "greetings.py").write_text(code, encoding="utf-8")
    (tmp_path / "pegboard.toml").write_text(toml.replace("[pegboard]", "[pegboard]\nbuiltins = []"), encoding="utf-8")
    monkeypatch.syspath_prepend(tmp_path)
    monkeypatch.delitem(sys.modules, "greetings", raising=False)
    return tmp_path


def test_the_example_plugin_serves_its_page_inside_the_layout(deployment: Path) -> None:
    app = create_app(sources=read_sources(deployment / "pegboard.toml", environ={}))
    answer = app.test_client().get("/greetings/Ada")
    assert answer.status_code == 200
    assert "<h1>Welcome, Ada!</h1>" in answer.text
    assert 'href="/greetings/"' in answer.text  # its menu entry


def test_a_variable_overrides_the_example_s_setting(deployment: Path) -> None:
    sources = read_sources(deployment / "pegboard.toml", environ={"GREETINGS_WORD": "Good day"})
    answer = create_app(sources=sources).test_client().get("/greetings/")
    assert "<h1>Good day, world!</h1>" in answer.text


def test_a_misspelt_setting_of_the_example_is_named_with_the_right_one(deployment: Path) -> None:
    file = deployment / "pegboard.toml"
    file.write_text(file.read_text(encoding="utf-8").replace("word =", "wrod ="), encoding="utf-8")
    with pytest.raises(ConfigError, match=r"greetings\.wrod: unknown setting.*\n.*did you mean 'word'"):
        create_app(sources=read_sources(file, environ={}))


@pytest.mark.parametrize("document", sorted([ROOT / "README.md", *(ROOT / "docs").rglob("*.md")]), ids=lambda p: p.name)
def test_every_relative_link_leads_somewhere(document: Path) -> None:
    links = re.findall(r"\]\((?!https?:|#)([^)#\s]+)", document.read_text(encoding="utf-8"))
    assert [link for link in links if not (document.parent / link).exists()] == []
