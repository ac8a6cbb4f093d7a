"""Capabilities and their providers, also those that third parties bring."""

from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from threading import Barrier, Event
from typing import Any, Protocol

import pytest
from flask import Flask

from pegboard import Capability, Plugin, Provider, hookimpl
from pegboard.errors import PegboardError
from pegboard.live import board_of
from pegboard.registry import Registry

MakeBoard = Callable[..., Flask]


class SmsSender(Protocol):
    """What a provider of text messages does."""

    def send(self, number: str, text: str) -> str:
        """The id of the message."""
        ...


SMS: Capability[SmsSender] = Capability("sms", SmsSender)


class Sink:
    """Keeps messages in memory."""

    def __init__(self, prefix: str) -> None:
        self.prefix = prefix
        self.sent: list[tuple[str, str]] = []

    def send(self, number: str, text: str) -> str:
        self.sent.append((number, text))
        return f"{self.prefix}-{len(self.sent)}"


class Sms(Plugin[Any]):
    """Brings the capability, with an embedded provider."""

    name = "sms"

    @hookimpl
    def capabilities(self) -> list[Capability[Any]]:
        return [SMS]

    @hookimpl
    def providers(self) -> list[Provider[Any]]:
        return [Provider(SMS, "sink", lambda: Sink("sink"), embedded=True)]


class Twoway(Plugin[Any]):
    """Another plugin that provides it."""

    name = "twoway"
    requires = ("sms",)

    @hookimpl
    def providers(self) -> list[Provider[Any]]:
        return [Provider(SMS, "twoway", lambda: Sink("twoway"))]


def test_a_capability_of_a_third_party_works_offline_by_its_embedded_provider(make_board: MakeBoard) -> None:
    board = board_of(make_board(Sms))
    assert board.provider(SMS).send("+49 151 0", "hello") == "sink-1"


def test_a_second_plugin_serves_a_capability_as_soon_as_it_is_enabled(make_board: MakeBoard) -> None:
    board = board_of(make_board(Sms, Twoway))
    assert board.provider(SMS).send("+49 151 0", "hello") == "twoway-1"
    assert board.provider(SMS, "sink").send("+49 151 0", "hello") == "sink-1"
    assert board.registry.names(SMS) == ["sink", "twoway"]


def test_settings_choose_the_provider(make_board: MakeBoard) -> None:
    board = board_of(make_board(Sms, Twoway, providers={"sms": "sink"}))
    assert board.provider(SMS).send("+49 151 0", "hello") == "sink-1"


def test_an_unknown_provider_is_refused_with_the_choices(make_board: MakeBoard) -> None:
    with pytest.raises(PegboardError, match="no provider 'other' of sms is enabled; enabled: sink, twoway"):
        board_of(make_board(Sms, Twoway)).provider(SMS, "other")


def test_a_capability_that_nobody_provides_says_what_to_do(make_board: MakeBoard) -> None:
    with pytest.raises(PegboardError, match="enable a plugin that brings one"):
        board_of(make_board()).provider(SMS)


def test_twenty_threads_that_ask_at_once_get_one_object_made_once() -> None:
    made: list[object] = []
    release = Event()

    def make() -> Sink:
        release.wait(0.05)
        made.append(object())
        return Sink("x")

    registry = Registry([Provider(SMS, "x", make)], {"sms": ("x",)})
    barrier = Barrier(20)

    def ask() -> SmsSender:
        barrier.wait(5)
        return registry.get(SMS)

    with ThreadPoolExecutor(20) as pool:
        found = [future.result(10) for future in [pool.submit(ask) for _ in range(20)]]
    assert len(made) == 1
    assert all(one is found[0] for one in found)


def test_a_provider_may_ask_for_another_while_it_is_made() -> None:
    letters: Capability[Any] = Capability("letters")
    registry = Registry(
        [Provider(SMS, "x", lambda: Sink("x")), Provider(letters, "y", lambda: [registry.get(SMS)])],
        {"sms": ("x",), "letters": ("y",)},
    )
    with ThreadPoolExecutor(1) as pool:
        assert pool.submit(registry.get, letters).result(5) == [registry.get(SMS)]


def test_a_provider_that_could_not_be_made_is_tried_again() -> None:
    tries: list[int] = []

    def make() -> Sink:
        tries.append(1)
        if len(tries) == 1:
            raise ConnectionError("not yet")
        return Sink("x")

    registry = Registry([Provider(SMS, "x", make)], {"sms": ("x",)})
    with pytest.raises(ConnectionError):
        registry.get(SMS)
    assert registry.get(SMS).send("1", "x") == "x-1"


def test_each_board_makes_its_own(make_board: MakeBoard) -> None:
    first, second = board_of(make_board(Sms)), board_of(make_board(Sms))
    assert first.provider(SMS) is not second.provider(SMS)
    assert first.provider(SMS) is first.provider(SMS)
