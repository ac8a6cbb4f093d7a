"""The commands and variables that the page of deploying names are there. What `init` writes is tested where it is made."""

from __future__ import annotations

import re
import shlex
from pathlib import Path

import click
import pytest

from pegboard.cli import cli
from pegboard.settings import BoardSettings, env_names
from tools.manifest import plugin_folders

ROOT = Path(__file__).resolve().parents[2]
TEMPLATES = ROOT / "core/pegboard/cli/deployment/templates"
PAGES = [
    ROOT / "docs/deploy.md",
    ROOT / "docs/bring-your-app.md",
    ROOT / "docs/quickstart.md",
    TEMPLATES / "README.md.jinja",
]
COMMAND = re.compile(r"^\$ pegboard (.+)$|`pegboard ([^`]+)`", re.MULTILINE)


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_every_command_that_is_shown_can_be_typed(page: Path) -> None:
    found = COMMAND.findall(page.read_text(encoding="utf-8"))
    assert found
    for typed, mentioned in found:
        line = typed or mentioned
        words = shlex.split(line.replace("<< name >>", "shop").replace("…", ""))
        command: click.Command = cli
        context = click.Context(cli, info_name="pegboard")
        while isinstance(command, click.Group) and words:
            if command is cli and words[0] == "users":
                break  # of a plugin
            known = command.get_command(context, words[0])
            assert known is not None, f"pegboard {line}"
            command, words = known, words[1:]
        if not isinstance(command, click.Group):
            command.make_context(line, words, parent=context, resilient_parsing=not typed)


def test_every_variable_it_names_is_read() -> None:
    page = (ROOT / "docs/deploy.md").read_text(encoding="utf-8")
    named = set(re.findall(r"`([A-Z]+_[A-Z_]+)(?:=\S+)?`", page))
    read = {name for key in BoardSettings.model_fields for name in env_names(BoardSettings, "PEGBOARD_", key)}
    configuration = (TEMPLATES / "gunicorn.conf.py.jinja").read_text(encoding="utf-8")
    read |= set(re.findall(r'environ\.get\("(\w+)"', configuration))
    assert "WEB_CONCURRENCY" in named
    assert named - read == set()


def test_the_wheels_that_a_clone_is_built_into_are_all_there_are_to_install() -> None:
    page = (ROOT / "docs/deploy.md").read_text(encoding="utf-8")
    line = re.search(r"^\$ pip wheel (.+)$", page, re.MULTILINE)
    assert line is not None
    places = shlex.split(line[1])[3:]
    assert places[0] == "."
    assert {folder for place in places[1:] for folder in ROOT.glob(place)} == set(plugin_folders())
