"""A capability of somebody else's: its contract becomes a skeleton, whatever Python its author wrote there."""

from __future__ import annotations

import asyncio
import importlib
import sys
import tomllib
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pytest

from pegboard.errors import PegboardError
from tests.core.cli.scaffold.generated import new, run


def test_each_method_has_its_signature_and_words_and_says_that_it_is_to_be_written(word: str, tmp_path: Path) -> None:
    assert new("pigeon", "--capability", word).exit_code == 0
    folder = tmp_path / "pegboard-pigeon"
    sys.path.insert(0, str(folder))
    module: Any = importlib.import_module("pegboard_pigeon.provider")
    settings: Any = importlib.import_module("pegboard_pigeon.settings")
    sender = module.PigeonSmsSender(settings.PigeonSettings())
    where = r"in pegboard_pigeon/provider\.py must do what its docstring says"
    with pytest.raises(NotImplementedError, match=rf"PigeonSmsSender\.send {where}: Send one, and return its id"):
        sender.send("1", "hello", kind="flash", longest=3)
    with pytest.raises(NotImplementedError, match=rf"PigeonSmsSender\.price {where}: As `SmsSender\.price`"):
        sender.price("1")
    with pytest.raises(NotImplementedError, match=rf"PigeonSmsSender\.sent {where}: Everything"):
        sender.sent("1", "2", some={})
    wanted = rf"PigeonSmsSender\.wait {where}: Wait a little"
    # In a thread of its own: a browser test in this process may have left a running loop in ours.
    with ThreadPoolExecutor(1) as thread, pytest.raises(NotImplementedError, match=wanted):
        thread.submit(asyncio.run, sender.wait()).result()
    with pytest.raises(NotImplementedError, match=r"PigeonSmsSender\.country"):
        _ = sender.country
    assert "Whoever asks twice" in module.PigeonSmsSender.send.__doc__
    for name in [name for name in sys.modules if name.startswith("pegboard_pigeon")]:
        del sys.modules[name]


@pytest.mark.slow
def test_its_own_tests_pass_and_it_is_formatted(word: str, tmp_path: Path) -> None:
    assert new("pigeon", "--capability", word).exit_code == 0
    folder = tmp_path / "pegboard-pigeon"
    run(folder, "ruff", "format", "--check", ".")
    run(folder, "ruff", "check", ".")
    run(folder, "python", "-m", "pytest", "-q", "-p", "no:cacheprovider", PYTHONPATH=f"{tmp_path}:{folder}")


def test_it_requires_the_plugin_that_brings_the_capability_and_its_distribution(word: str, tmp_path: Path) -> None:
    new("pigeon", "--capability", word)
    project = tomllib.loads((tmp_path / "pegboard-pigeon/pyproject.toml").read_text(encoding="utf-8"))["project"]
    assert f"acme-carrier{word}" in project["dependencies"]
    text = (tmp_path / "pegboard-pigeon/pegboard_pigeon/plugin.py").read_text(encoding="utf-8")
    assert f'requires = ("carrier{word}",)' in text
    assert f"from carrier{word}.contract import SMS\n" in text


def test_a_capability_without_a_contract_or_a_constant_is_refused(word: str, tmp_path: Path) -> None:
    assert "names no contract" in str(new("pigeon", "--capability", f"{word}_bare").exception)
    assert "is no constant in a module" in str(new("pigeon", "--capability", f"{word}_hidden").exception)
    assert not (tmp_path / "pegboard-pigeon").exists()


def test_an_unknown_capability_is_refused_with_the_nearest(word: str) -> None:
    error = new("pigeon", "--capability", f"{word}s").exception
    assert isinstance(error, PegboardError)
    assert f"did you mean '{word}'?" in str(error)
