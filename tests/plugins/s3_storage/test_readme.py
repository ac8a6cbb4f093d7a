"""The README names every setting and variable, and its snippets are what the code does."""

from __future__ import annotations

import json
import re
import tomllib
from pathlib import Path
from typing import Any

import pytest

import pegboard_s3_storage
from pegboard.settings import PluginSettings, env_names
from pegboard_s3_storage.bucket import cors_rules, public_policy
from pegboard_s3_storage.settings import PRESETS, S3Settings

README = Path(pegboard_s3_storage.__file__).parents[1] / "README.md"
OWN = [name for name in S3Settings.model_fields if name not in PluginSettings.model_fields]


@pytest.fixture(scope="module")
def readme() -> str:
    return README.read_text()


@pytest.fixture(scope="module")
def snippets(readme: str) -> list[Any]:
    return [json.loads(block) for block in re.findall(r"```json\n(.*?)```", readme, re.DOTALL)]


@pytest.mark.parametrize("key", OWN)
def test_every_setting_has_a_row_with_its_variables(readme: str, key: str) -> None:
    row = next(line for line in readme.splitlines() if line.startswith(f"| `{key}` |"))
    named = re.findall(r"`([A-Z0-9_]+)`", row.split("|")[2])
    assert named == list(env_names(S3Settings, "S3_", key))


def test_every_preset_has_a_row(readme: str) -> None:
    for name, preset in PRESETS.items():
        row = next(line for line in readme.splitlines() if line.startswith(f"| `{name}` |"))
        cells = [cell.strip() for cell in row.split("|")]
        assert cells[2] == preset.addressing
        assert cells[3] == ("form with a policy" if preset.post else "signed PUT")
        assert cells[4].startswith("by bucket policy" if preset.publishes else "only through")
        assert tuple(re.findall(r"`(.+?)`", cells[5])) == preset.encryption


def test_the_settings_of_the_example_are_valid(readme: str) -> None:
    example = tomllib.loads(next(iter(re.findall(r"```toml\n(.*?)```", readme, re.DOTALL))))
    assert S3Settings.model_validate(example["s3_storage"]).region == "eu-central-1"


def test_the_rules_for_the_bucket_are_those_of_the_sandbox(snippets: list[Any]) -> None:
    _, cors, policy = snippets
    assert cors == cors_rules(["https://board.example.com"])["CORSRules"]
    assert policy == public_policy(S3Settings.model_validate({"bucket": "my-board-files"}))
