"""Visible strings come in the reader's language."""

from __future__ import annotations

import re
import struct
from collections.abc import Callable
from html.parser import HTMLParser
from pathlib import Path
from typing import Any

import pytest
from flask import Blueprint, Flask

from pegboard import create_app
from pegboard.i18n import gettext, lazy_gettext, ngettext
from pegboard.sources import read_sources

SOURCES = Path(gettext.__code__.co_filename).parent


def write_catalogue(file: Path, messages: dict[str, str]) -> None:
    """A compiled catalogue, as gettext reads it."""
    entries = sorted(
        {"": "Content-Type: text/plain; charset=utf-8\nPlural-Forms: nplurals=2; plural=n!=1;\n", **messages}.items()
    )
    ids, texts, index = b"", b"", []
    for key, value in entries:
        one, two = key.encode(), value.encode()
        index.append((len(one), len(ids), len(two), len(texts)))
        ids, texts = ids + one + b"\0", texts + two + b"\0"
    start = 28 + 16 * len(entries)
    table = b"".join(struct.pack("<II", length, start + at) for length, at, _, _ in index)
    table += b"".join(struct.pack("<II", length, start + len(ids) + at) for _, _, length, at in index)
    header = struct.pack("<7I", 0x950412DE, 0, len(entries), 28, 28 + 8 * len(entries), 0, 0)
    file.parent.mkdir(parents=True, exist_ok=True)
    file.write_bytes(header + table + ids + texts)


def core_messages() -> set[str]:
    """Every message that the core marks for translation, in code and templates."""
    marked = re.compile(r"""(?<!\w)(?:_|gettext|lazy_gettext)\(\s*("(?:[^"\\]|\\.)*"|'(?:[^'\\]|\\.)*')""")
    files = [*SOURCES.glob("web/*.py"), *SOURCES.glob("web/templates/*.html")]
    return {found[1:-1] for file in files for found in marked.findall(file.read_text(encoding="utf-8"))}


@pytest.fixture
def board(board_folder: Any) -> Flask:
    """A board in English and in pseudo-language: every message of the core between brackets."""
    messages = {message: f"⟦{message}⟧" for message in core_messages()}
    messages["One jar\0%(num)s jars"] = "⟦Ein Glas⟧\0⟦%(num)s Gläser⟧"
    folder = board_folder.path / "kt_pseudo"
    board_folder.write("kt_pseudo/plugin.py", "from pegboard import Plugin\nclass P(Plugin):\n    name = 'pseudo'\n")
    write_catalogue(folder / "translations" / "de" / "LC_MESSAGES" / "messages.mo", messages)
    toml = "[pegboard]\nenv = 'test'\nbuiltins = []\nplugins = ['kt_pseudo.plugin:P']\nlocales = ['en', 'de']\n"
    return create_app(sources=read_sources(board_folder.toml(toml), environ={}))


class VisibleText(HTMLParser):
    """The words of a page, outside scripts and styles."""

    def __init__(self, page: str) -> None:
        super().__init__()
        self.words: list[str] = []
        self._hidden = False
        self.feed(page)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self._hidden = tag in ("script", "style", "code")
        self.words += [value for name, value in attrs if name in ("aria-label", "title", "alt") and value]

    def handle_endtag(self, tag: str) -> None:
        self._hidden = False

    def handle_data(self, data: str) -> None:
        if data.strip() and not self._hidden:
            self.words.append(data.strip())


@pytest.mark.parametrize("path", ["/nowhere", "/static/nosuch"])
def test_every_visible_string_of_the_core_goes_through_gettext(board: Flask, path: str) -> None:
    page = board.test_client().get(path, headers={"Accept-Language": "de"}).text
    allowed = {"Pegboard", "404", "·"}
    raw = [word for word in VisibleText(page).words if "⟦" not in word and not {*word.split()} <= allowed]
    assert raw == []
    assert '<html lang="de">' in page


@pytest.mark.parametrize(
    ("accepted", "language"),
    [("de", "de"), ("de-AT,en;q=0.5", "de"), ("en-GB", "en"), ("fr", "en"), ("", "en"), ("fr, de;q=0.2", "de")],
)
def test_the_best_of_the_languages_on_offer_is_taken(board: Flask, accepted: str, language: str) -> None:
    page = board.test_client().get("/nowhere", headers={"Accept-Language": accepted}).text
    assert f'<html lang="{language}">' in page


def test_plurals_follow_the_language(board: Flask) -> None:
    with board.test_request_context(headers={"Accept-Language": "de"}):
        assert [ngettext("One jar", "%(num)s jars", n) for n in (1, 3)] == ["⟦Ein Glas⟧", "⟦3 Gläser⟧"]
    with board.test_request_context():
        assert [ngettext("One jar", "%(num)s jars", n) for n in (1, 3)] == ["One jar", "3 jars"]


def test_a_lazy_message_is_translated_when_it_is_shown(board: Flask) -> None:
    label = lazy_gettext("Menu")
    with board.test_request_context(headers={"Accept-Language": "de"}):
        assert label() == "⟦Menu⟧"
    with board.test_request_context():
        assert label() == "Menu"


def test_outside_a_board_a_message_is_itself() -> None:
    assert gettext("%(name)s has gone", name="Bob") == "Bob has gone"
    assert gettext("100% sure") == "100% sure"
    with Flask("plain").test_request_context():
        assert ngettext("One jar", "%(num)s jars", 3) == "3 jars"


def test_a_catalogue_of_one_board_is_not_seen_by_another(board: Flask, make_board: Callable[..., Flask]) -> None:
    other = make_board(locales=("de",))
    with other.test_request_context(headers={"Accept-Language": "de"}):
        assert gettext("Menu") == "Menu"


def test_a_blueprint_may_be_labelled_lazily(make_board: Callable[..., Flask], make_plugin: Any) -> None:
    from pegboard.contributions import NavItem

    def blueprints(self: Any) -> list[Blueprint]:
        blueprint = Blueprint("shop", __name__)
        blueprint.add_url_rule("/", "index", lambda: "")
        return [blueprint]

    shop = make_plugin(
        "shop", blueprints=blueprints, nav_items=lambda self: [NavItem(lazy_gettext("Corner shop"), "shop.index")]
    )
    assert ">Corner shop</a>" in make_board(shop).test_client().get("/nowhere").text
