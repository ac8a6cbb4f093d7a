"""What is marked is found, wherever it is marked, and what is translated reaches readers and cannot break a page."""

from __future__ import annotations

import os
import re
import shlex
import subprocess
import sys
from pathlib import Path

import pytest

from pegboard import create_app
from pegboard.sources import read_sources
from tests.serving import foreign_environment
from tools.manifest import ROOT
from tools.translations import Package, extracted, faults, main, packages, renew

DOCUMENT = (ROOT / "docs/translations.md").read_text(encoding="utf-8")
PLUGIN = '''
from flask import Blueprint, render_template
from pegboard import Plugin, hookimpl
from pegboard.contributions import NavItem
from pegboard.i18n import gettext as _
from pegboard.i18n import lazy_gettext, ngettext


class Greetings(Plugin):
    """Greets."""

    name = "greetings"

    @hookimpl
    def blueprints(self):
        pages = Blueprint("greetings", __name__)
        pages.add_url_rule("/<int:count>", "index", lambda count: render_template("greetings/index.html", count=count))
        pages.add_url_rule("/thanks", "thanks", lambda: _("Thank you, %(name)s", name="Ada"))
        return [pages]

    @hookimpl
    def nav_items(self):
        return [NavItem(lazy_gettext("All greetings"), "greetings.thanks")]
'''
TEMPLATE = """{% extends "layout.html" %}
{% macro greeting() %}{{ _("Good morning") }}{% endmacro %}
{% block content %}{{ greeting() }}{{ ngettext("%(num)s jar", "%(num)s jars", count) }}{% endblock %}
"""
GERMAN = {
    "Good morning": ["Guten Morgen"],
    "All greetings": ["Alle Grüße"],
    "Thank you, %(name)s": ["Danke, %(name)s"],
    "%(num)s jar": ["%(num)s Glas", "%(num)s Gläser"],
}


@pytest.fixture
def greetings(tmp_path: Path) -> Package:
    """A plugin with words in its code and in its template, beside a `pegboard.toml`."""
    package = Package("greetings", tmp_path / "greetings")
    (package.folder / "templates/greetings").mkdir(parents=True)
    (package.folder / "__init__.py").touch()
    (package.folder / "plugin.py").write_text(PLUGIN, encoding="utf-8")
    (package.folder / "templates/greetings/index.html").write_text(TEMPLATE, encoding="utf-8")
    deployed = (
        "[pegboard]\nenv = 'test'\nbuiltins = []\nplugins = ['greetings.plugin:Greetings']\nlocales = ['en', 'de']\n"
    )
    (tmp_path / "pegboard.toml").write_text(deployed, encoding="utf-8")
    return package


def translate(file: Path, words: dict[str, list[str]]) -> None:
    """Fill in a `.po` file, as a translator does."""
    text = file.read_text(encoding="utf-8")
    for message, translations in words.items():
        for number, translation in enumerate(translations):
            empty = f'msgstr[{number}] ""' if len(translations) > 1 else 'msgstr ""'
            entry = re.compile(
                rf'(msgid "{re.escape(message)}"\n(?:msgid_plural .*\n)?(?:msgstr\[\d\] .*\n)*){re.escape(empty)}'
            )
            text, count = entry.subn(lambda found, t=translation, e=empty: found[1] + e[:-2] + f'"{t}"', text)  # type: ignore[misc]
            assert count == 1, f"{file} has no {message!r} to translate"
    file.write_text(text, encoding="utf-8")


def pages(package: Package, language: str, monkeypatch: pytest.MonkeyPatch) -> str:
    """What a reader with this language sees of the plugin."""
    for name in [name for name in sys.modules if name.partition(".")[0] == "greetings"]:
        monkeypatch.delitem(sys.modules, name)
    monkeypatch.syspath_prepend(package.folder.parent)
    app = create_app(sources=read_sources(package.folder.parent / "pegboard.toml", environ={}))
    client, headers = app.test_client(), {"Accept-Language": language}
    return "".join(client.get(f"/greetings/{path}", headers=headers).text for path in ("1", "3", "thanks"))


@pytest.mark.parametrize(
    ("message", "place"),
    [
        ("Skip to content", "web/templates/layout.html"),
        ("(optional)", "web/templates/components.html"),
        ("Current password", "builtin/accounts/forms.py"),
        ("Everyone's files", "builtin/files/plugin.py"),
        ("This file is larger than allowed.", "builtin/files/refusals.py"),
        (("%(num)s file uploaded.", "%(num)s files uploaded."), "builtin/files/views.py"),
    ],
    ids=["template", "macro", "form", "lazy", "code", "plural"],
)
def test_the_cores_words_are_found_wherever_they_are_marked(message: str, place: str) -> None:
    core = next(packages())
    found = extracted(core).get(message)
    assert found, f"{message!r} is not found"
    assert place in {file for file, _ in found.locations}


def test_a_template_that_cannot_be_read_is_said_and_not_passed_over(greetings: Package) -> None:
    (greetings.folder / "templates/greetings/index.html").write_text("{% block %}", encoding="utf-8")
    with pytest.raises(Exception, match="block"):
        extracted(greetings)


def test_what_is_translated_is_served_to_whom_it_is_for(greetings: Package, monkeypatch: pytest.MonkeyPatch) -> None:
    assert list(renew(greetings, ["de"])) == ["greetings: 4 messages", "  de: 0 of 4 translated"]
    translate(greetings.language("de"), GERMAN)
    assert list(renew(greetings)) == ["greetings: 4 messages", "  de: 4 of 4 translated"]
    german, english = (pages(greetings, language, monkeypatch) for language in ("de-AT,de;q=0.9", "en"))
    for word in ("Guten Morgen", "1 Glas", "3 Gläser", "Alle Grüße", "Danke, Ada"):
        assert word in german
    for word in ("Good morning", "1 jar", "3 jars", "All greetings", "Thank you, Ada"):
        assert word in english


def test_a_second_run_changes_nothing(greetings: Package) -> None:
    list(renew(greetings, ["de"]))
    translate(greetings.language("de"), GERMAN)
    list(renew(greetings))
    before = greetings.language("de").read_bytes()
    list(renew(greetings))
    assert greetings.language("de").read_bytes() == before


def test_words_that_changed_are_shown_untranslated_until_somebody_looks(
    greetings: Package, monkeypatch: pytest.MonkeyPatch
) -> None:
    list(renew(greetings, ["de"]))
    translate(greetings.language("de"), GERMAN)
    template = greetings.folder / "templates/greetings/index.html"
    template.write_text(TEMPLATE.replace("Good morning", "Good mornings"), encoding="utf-8")
    assert list(renew(greetings))[-1] == "  de: 3 of 4 translated, 1 to be looked at (fuzzy)"
    assert "Good mornings" in pages(greetings, "de", monkeypatch)


def test_a_translation_with_other_placeholders_breaks_no_page_and_is_named(
    greetings: Package, monkeypatch: pytest.MonkeyPatch
) -> None:
    list(renew(greetings, ["de"]))
    translate(greetings.language("de"), {**GERMAN, "Thank you, %(name)s": ["Danke, %(nmae)s"]})
    list(renew(greetings))
    assert [line for line in faults(greetings) if line.startswith("greetings, de: 'Thank you, %(name)s': ")]
    assert "Thank you, Ada" in pages(greetings, "de", monkeypatch)
    assert "%(nmae)s" in greetings.language("de").read_text(encoding="utf-8"), "the translator's work is lost"


def test_the_command_names_what_is_wrong_and_exits_with_1(
    greetings: Package, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr("tools.translations.packages", lambda: iter([greetings]))
    assert main(["--add", "de"]) == 0
    translate(greetings.language("de"), {"Thank you, %(name)s": ["Danke, %(nmae)s"]})
    assert main([]) == 1
    assert "wrong placeholders, left out: greetings, de: 'Thank you, %(name)s'" in capsys.readouterr().err


def test_a_language_that_is_none_is_refused_before_anything_is_written(
    greetings: Package, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr("tools.translations.packages", lambda: iter([greetings]))
    with pytest.raises(SystemExit):
        main(["--add", "klingonese"])
    assert "'klingonese' is no language" in capsys.readouterr().err
    assert not greetings.translations.exists()


def test_the_steps_for_plugins_of_others_lead_to_a_translated_page(
    greetings: Package, monkeypatch: pytest.MonkeyPatch
) -> None:
    (mapping,) = re.findall(r"```ini\n(.*?)```", DOCUMENT, re.DOTALL)
    commands = re.findall(r"^\$ ((?:mkdir|pybabel) .*)$", DOCUMENT, re.MULTILINE)
    folder = greetings.folder.parent
    (folder / "babel.cfg").write_text(mapping, encoding="utf-8")
    assert [command.split()[1] for command in commands] == ["-p", "extract", "init", "compile"]
    for command in commands:
        if " compile " in command:
            translate(greetings.language("de"), GERMAN)
        path = os.pathsep.join([str(Path(sys.executable).parent), os.environ["PATH"]])
        done = subprocess.run(shlex.split(command), cwd=folder, env=foreign_environment(PATH=path), capture_output=True,
                              text=True, timeout=60, check=False)  # fmt: skip
        assert done.returncode == 0, done.stderr
    assert "Alle Grüße" in pages(greetings, "de", monkeypatch)


def test_the_documented_mapping_is_the_one_that_is_used() -> None:
    (mapping,) = re.findall(r"```ini\n(.*?)```", DOCUMENT, re.DOTALL)
    assert mapping in (ROOT / "babel.cfg").read_text(encoding="utf-8")
