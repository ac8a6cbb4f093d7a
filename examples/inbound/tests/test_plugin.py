"""The plugin boots alone, is found by its name, and refuses settings that are wrong."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest
from flask import Flask

from pegboard import PluginSettings
from pegboard.errors import ConfigError
from pegboard.live import board_of
from pegboard.testing import Install, MakeBoard
from pegboard_inbound.plugin import Inbound
from pegboard_inbound.settings import InboundSettings

README = Path(__file__).parents[1] / "README.md"


def test_it_boots_with_what_it_requires_and_nothing_else(board: Flask) -> None:
    enabled = {entry.name for entry in board_of(board).plan.active}
    assert enabled == {"inbound", *Inbound.requires}


def test_it_is_found_by_its_name(installed: Install, make_board: MakeBoard, plugin_settings: Mapping[str, Any]) -> None:
    installed(inbound=Inbound)
    board = make_board("inbound", config={"inbound": plugin_settings})
    assert isinstance(board_of(board).plugin(Inbound), Inbound)


def test_an_unknown_setting_is_refused(make_board: MakeBoard) -> None:
    with pytest.raises(ConfigError, match=r"inbound\.no_such_setting: unknown setting"):
        make_board(Inbound, config={"inbound": {"secrets": ["whsec_c2VjcmV0"], "no_such_setting": 1}})


def test_the_readme_has_a_row_for_every_setting() -> None:
    text = README.read_text(encoding="utf-8")
    own = [key for key in InboundSettings.model_fields if key not in PluginSettings.model_fields]
    assert [key for key in own if f"| `{key}` |" not in text] == []


@pytest.mark.parametrize("secrets", [["whsec_"], ["no secret!"], [""]])
def test_a_secret_that_verifies_nothing_is_refused(make_board: MakeBoard, secrets: list[str]) -> None:
    with pytest.raises(ConfigError, match=r"inbound\.secrets: "):
        make_board(Inbound, config={"inbound": {"secrets": secrets}})


def test_without_a_secret_it_does_not_boot(make_board: MakeBoard) -> None:
    with pytest.raises(ConfigError, match=r"inbound\.secrets: a value is required"):
        make_board(Inbound)
