"""The contract suite finds every saboteur, and says what is wrong with it."""

from __future__ import annotations

from pathlib import Path

import pytest

from pegboard.builtin.local_files.provider import LocalFileStorage
from pegboard.testing.files import SABOTEURS, Saboteur
from pegboard.testing.files.served import failures_of


@pytest.fixture(autouse=True)
def no_power_cuts(monkeypatch: pytest.MonkeyPatch) -> None:
    """What is stored need not reach the disk here, and the disk is what takes the time."""
    monkeypatch.setattr("os.fsync", lambda _: None)


@pytest.mark.parametrize("saboteur", SABOTEURS, ids=lambda saboteur: saboteur.__name__)
def test_a_broken_provider_fails_with_a_message_that_names_its_fault(saboteur: type[Saboteur], tmp_path: Path) -> None:
    messages = failures_of(saboteur, tmp_path).values()
    assert any(saboteur.fault in message for message in messages), f"no message says {saboteur.fault!r}: {[*messages]}"


def test_the_intact_provider_passes(tmp_path: Path) -> None:
    assert failures_of(LocalFileStorage, tmp_path) == {}
