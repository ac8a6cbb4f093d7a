"""A capability of somebody else's, with a contract that uses much of what Python has."""

from __future__ import annotations

import importlib
from pathlib import Path

import pytest

CONTRACT = '''
"""Short messages."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal, Protocol

from pegboard.contracts.capability import Capability

from . import numbers as nrs
from .numbers import Number

if TYPE_CHECKING:
    from decimal import Decimal

Kind = Literal["plain", 'flash']
LONGEST = 160


@dataclass(frozen=True)
class Message:
    text: str


class Named(Protocol):
    name: str

    @property
    def country(self) -> str: ...


class SmsSender(Named, Protocol):
    """Sends short messages."""

    def send(self, to: Number, message: Message, /, *, kind: Kind = "plain", longest: int = LONGEST) -> str:
        r"""Send one, and return its id (`\\d+`). Raises what cannot be sent.

        Whoever asks twice with the same "key" pays once.
        """
        ...

    def price(self, to: nrs.Number, at: dt.datetime | None = None) -> Decimal: ...

    def sent(self, *numbers: Number, **filters: "Mapping[str, str]") -> Iterator[Message]:
        """Everything that was sent."""
        ...

    async def wait(self, seconds: float = 1.5, unit: Literal["s", "ms"] = 's') -> None:
        """Wait a little."""
        ...


SMS: Capability[SmsSender] = Capability("{word}", SmsSender)
BARE: Capability[object] = Capability("{word}_bare")
'''
PLUGIN = '''
"""Brings the capability."""

from collections.abc import Iterable
from typing import Any

from pegboard import Capability, Plugin, PluginSettings, hookimpl

from .contract import BARE, SMS


class Carrier(Plugin[PluginSettings]):
    """Carries messages."""

    name = "{name}"

    @hookimpl
    def capabilities(self) -> Iterable[Capability[Any]]:
        yield SMS
        yield BARE
        yield Capability("{word}_hidden", type(SMS))
'''


@pytest.fixture
def word(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, request: pytest.FixtureRequest) -> str:
    """A deployment with a plugin that brings a capability, whose name this is. No other test has it."""
    word = f"sms{abs(hash(request.node.name)) % 10_000}"
    name = f"carrier{word}"
    package = tmp_path / name
    package.mkdir()
    (package / "__init__.py").touch()
    (package / "numbers.py").write_text("class Number(str):\n    pass\n", encoding="utf-8")
    (package / "contract.py").write_text(CONTRACT.replace("{word}", word).lstrip(), encoding="utf-8")
    (package / "plugin.py").write_text(PLUGIN.replace("{word}", word).replace("{name}", name), encoding="utf-8")
    info = tmp_path / f"acme_{name}-1.0.dist-info"
    info.mkdir()
    (info / "METADATA").write_text(f"Metadata-Version: 2.1\nName: acme-{name}\nVersion: 1.0\n", encoding="utf-8")
    points = f"[pegboard.plugins]\n{name} = {name}.plugin:Carrier\n"
    (info / "entry_points.txt").write_text(points, encoding="utf-8")
    (tmp_path / "pegboard.toml").write_text(f'[pegboard]\nbuiltins = []\nplugins = ["{name}"]\n', encoding="utf-8")
    monkeypatch.chdir(tmp_path)
    monkeypatch.syspath_prepend(tmp_path)
    importlib.invalidate_caches()
    return word
