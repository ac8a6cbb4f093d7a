"""The page about webhooks: its plugin, its verifier and its tests are run as they stand, and its words are true."""

from __future__ import annotations

import re
import subprocess
import sys
from pathlib import Path

import click
import pytest

from pegboard.cli.webhooks import webhooks
from tests.serving import foreign_environment

PAGE = (Path(__file__).resolve().parents[2] / "docs" / "webhooks.md").read_text(encoding="utf-8")
FILES = dict(re.findall(r"^`(\w+\.py)`\n\n```python\n(.*?)^```$", PAGE, re.MULTILINE | re.DOTALL))
COMMANDS = re.findall(r"^\$ pegboard webhooks (\w+)(.*)$", PAGE, re.MULTILINE)
OWN = """
import pytest
from pydantic import SecretStr
from shared_word import SharedWord
from pegboard.contracts.webhooks import Posted
from pegboard.errors import BadSignature


def test_the_verifier_of_the_page() -> None:
    verifier = SharedWord(SecretStr("w" * 32), setting="word")
    assert not [*verifier.problems()]
    assert [one.setting for one in SharedWord(SecretStr("w"), setting="word").problems()] == ["word"]
    assert verifier.verify(Posted(headers={"X-Word": "w" * 32}, body=b"")) == 0
    for headers, reason in (({}, "missing"), ({"X-Word": "\\xff"}, "wrong")):
        with pytest.raises(BadSignature) as caught:
            verifier.verify(Posted(headers=headers, body=b""))
        assert caught.value.reason == reason
"""


def write(folder: Path) -> None:
    for name, text in FILES.items():
        (folder / name).write_text(text, encoding="utf-8")


@pytest.mark.slow
def test_what_it_shows_works_as_it_stands(tmp_path: Path) -> None:
    write(tmp_path)
    (tmp_path / "test_own.py").write_text(OWN, encoding="utf-8")
    done = subprocess.run(
        [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider"],
        cwd=tmp_path, env=foreign_environment(), capture_output=True, text=True, timeout=120, check=False,
    )  # fmt: skip
    assert done.returncode == 0, done.stdout + done.stderr
    assert "3 passed" in done.stdout


@pytest.mark.slow
def test_what_it_shows_is_typed(tmp_path: Path) -> None:
    write(tmp_path)
    done = subprocess.run(
        [sys.executable, "-m", "mypy", "--strict", *FILES],
        cwd=tmp_path, env=foreign_environment(), capture_output=True, text=True, timeout=300, check=False,
    )  # fmt: skip
    assert done.returncode == 0, done.stdout + done.stderr


def test_its_commands_have_the_options_that_it_shows() -> None:
    assert {command for command, _ in COMMANDS} == set(webhooks.commands)
    for command, words in COMMANDS:
        known = {option for one in webhooks.commands[command].params for option in one.opts}
        assert set(re.findall(r"--[a-z-]+", words)) <= known
        assert isinstance(webhooks.commands[command], click.Command)
