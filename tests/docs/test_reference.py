"""The generated pages say what the code says."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import click
import pytest

from pegboard.cli import cli
from pegboard.hookspecs import EVENTS, Hooks
from pegboard.settings import BoardSettings
from tools.events import events_page
from tools.manifest import ROOT
from tools.reference import hooks_page, pages, settings_page


@pytest.mark.parametrize("file", pages(), ids=lambda file: file.name)
def test_a_generated_page_equals_what_the_code_yields(file: Path) -> None:
    assert file.read_text(encoding="utf-8") == pages()[file], "run: python -m tools.reference"


def test_every_board_setting_has_a_row_with_a_description() -> None:
    rows = {line.split("`")[1]: line for line in settings_page().splitlines() if line.startswith("| `")}
    for key, info in BoardSettings.model_fields.items():
        assert info.description, f"{key} has no description"
        assert info.description.replace("|", "\\|") in rows[key]


def test_every_hook_has_a_section_with_its_docstring() -> None:
    page = hooks_page()
    hooks = [name for name, member in vars(Hooks).items() if hasattr(member, "pegboard_spec") and name not in EVENTS]
    assert hooks
    for name in hooks:
        assert f"## `{name}`\n" in page
        assert (getattr(Hooks, name).__doc__ or "nothing at all") in page


def test_every_event_has_a_section_that_names_its_hook() -> None:
    page = events_page()
    for hook, heard in EVENTS.items():
        section = page.partition(f"### `{heard}`\n")[2].partition("###")[0]
        assert f"Heard by `{hook}`" in section


def test_every_command_of_the_core_and_of_a_plugin_has_a_section_with_its_words() -> None:
    page = (ROOT / "docs" / "commands.md").read_text(encoding="utf-8")
    written = list(commands(cli, "pegboard"))
    assert written
    for path, command in written:
        assert command.help, f"{path} has no docstring"
        assert f"### `{path}" in page
    assert "## The plugin accounts\n\n### `pegboard users create EMAIL`\n\nMake an account." in page


def commands(group: click.Group, path: str) -> Iterator[tuple[str, click.Command]]:
    """Every command below a group, with what is typed for it."""
    for name, command in group.commands.items():
        if isinstance(command, click.Group):
            yield from commands(command, f"{path} {name}")
        else:
            yield f"{path} {name}", command


def test_a_default_that_is_a_secret_is_not_printed() -> None:
    from pydantic import Field, SecretStr

    from pegboard.settings import SettingsModel
    from tools import reference

    class Careless(SettingsModel):
        key: SecretStr = Field(SecretStr("hunter2hunter2"), description="A key.")

    table = reference._table(Careless, "CARELESS_", Careless.model_fields)
    assert "CARELESS_KEY" in table
    assert "hunter2" not in table
