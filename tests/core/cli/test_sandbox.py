"""Which local servers the sandbox starts, and what serves where there is none."""

from __future__ import annotations

import sys
from collections.abc import Mapping
from types import MappingProxyType

import pytest
from flask import Flask

from pegboard import Capability
from pegboard.cli.sandbox import Peers
from pegboard.errors import PegboardError
from pegboard.live import board_of
from tests.core.cli.deployment import Deployment

PEERS = '''
from collections.abc import Iterable
from pathlib import Path
from typing import Any
from pydantic import Field
from pegboard import Capability, Plugin, PluginSettings, Provider, hookimpl
from pegboard.contributions import RunningPeer, SandboxPeer

stopped = []


class Running:
    description = "a server at nowhere"
    settings = {{"address": "http://127.0.0.1:1"}}
    running = True

    def stop(self) -> None:
        stopped.append(self)


class {cls}Settings(PluginSettings):
    address: str = Field(description="Where it is.")


class {cls}(Plugin[{cls}Settings]):
    """Speaks to a server."""

    name = "{name}"
    Settings = {cls}Settings

    @hookimpl
    def providers(self) -> Iterable[Provider[Any]]:
        yield Provider(Capability("paint"), "oil", object)

    @hookimpl
    def sandbox_peers(self) -> Iterable[SandboxPeer]:
        yield SandboxPeer("the server", _start, "There is none for this platform.", real=("{variable}",))


def _start(folder: Path, board_url: str) -> RunningPeer | None:
    return {start}
'''


def with_peer(deployment: Deployment, start: str) -> str:
    name = deployment.plugin()
    source = PEERS.format(name=name, cls=name.title(), variable=f"{name.upper()}_KEY", start=start)
    (deployment.folder / name / "plugin.py").write_text(source, encoding="utf-8")
    deployment.write()
    return name


def started() -> Peers:
    from pegboard.cli.plan import current_plan

    peers = Peers()
    peers.start(current_plan(), "http://127.0.0.1:5000")
    return peers


def test_a_peer_completes_the_settings_that_its_plugin_lacks_and_is_stopped(deployment: Deployment) -> None:
    import importlib

    name = with_peer(deployment, "Running()")
    peers = started()
    assert peers.settings == {name: {"address": "http://127.0.0.1:1"}}
    peers.stop()
    assert len(importlib.import_module(f"{name}.plugin").stopped) == 1
    assert peers.running == []


def test_where_there_is_no_such_server_a_line_says_so_and_the_plugin_is_left_out(
    deployment: Deployment, capsys: pytest.CaptureFixture[str]
) -> None:
    name = with_peer(deployment, "None")
    peers = started()
    assert peers.absent == [name]
    assert peers.settings == {}
    said = capsys.readouterr().out
    assert "There is none for this platform. The embedded provider serves instead." in said


def test_a_real_account_in_the_environment_is_left_to_its_vendor(
    deployment: Deployment, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    name = with_peer(deployment, "Running()")
    monkeypatch.setenv(f"{name.upper()}_KEY", "real")
    peers = started()
    assert peers.running == []
    assert f"the real account, because {name.upper()}_KEY is set" in capsys.readouterr().out


def test_production_has_no_sandbox(deployment: Deployment, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PEGBOARD_ENV", "production")
    assert isinstance(deployment.run("sandbox").exception, PegboardError)


PAINT = '''
from pegboard import Capability, Plugin, Provider, hookimpl


class Paint(Plugin):
    """Brings a capability with a provider of its own."""

    name = "paint"

    @hookimpl
    def capabilities(self):
        yield Capability("paint")

    @hookimpl
    def providers(self):
        yield Provider(Capability("paint"), "water", lambda: "water", embedded=True)
'''


@pytest.fixture
def served(monkeypatch: pytest.MonkeyPatch) -> list[Flask]:
    """The boards that the sandbox would serve."""
    boards: list[Flask] = []
    monkeypatch.setattr(sys.modules["pegboard.cli.sandbox"], "serve", lambda app, *_: boards.append(app))
    return boards


@pytest.mark.parametrize(
    "choice", ["", "[pegboard.providers]\npaint = 'oil'\n"], ids=["no choice", "its provider chosen"]
)
def test_without_its_server_the_board_runs_on_the_embedded_provider(
    deployment: Deployment, served: list[Flask], choice: str
) -> None:
    name = with_peer(deployment, "None")
    (deployment.folder / "paint.py").write_text(PAINT, encoding="utf-8")
    dependent = deployment.plugin(requires=(name,))
    deployment.write(choice, plugins=[*deployment.classes, "paint:Paint"])
    result = deployment.run("sandbox")
    assert result.exit_code == 0, result.output
    board = board_of(served[0])
    assert [entry.name for entry in board.plan.active] == ["paint"]
    assert dependent not in board.plan.settings.plugins
    assert board.registry.get(Capability("paint")) == "water"


def test_the_peers_of_the_teams_own_plugins_are_started_without_a_path(
    deployment: Deployment, served: list[Flask], monkeypatch: pytest.MonkeyPatch
) -> None:
    with_peer(deployment, "Running()")
    (deployment.folder / "paint.py").write_text(PAINT, encoding="utf-8")
    deployment.write(plugins=[*deployment.classes, "paint:Paint"])
    monkeypatch.setattr(sys, "path", [path for path in sys.path if path not in ("", str(deployment.folder))])
    result = deployment.run("sandbox")
    assert "a server at nowhere" in result.output, result.output
    assert len(served) == 1


def test_afterwards_other_commands_know_how_the_servers_are_reached(
    deployment: Deployment, served: list[Flask], monkeypatch: pytest.MonkeyPatch
) -> None:
    name = with_peer(deployment, "Running()")
    (deployment.folder / "paint.py").write_text(PAINT, encoding="utf-8")
    deployment.write(plugins=[*deployment.classes, "paint:Paint"])
    assert deployment.run("config", "check").exit_code == 1
    deployment.run("sandbox")
    assert deployment.run("config", "check").exit_code == 0
    rows = {(row["table"], row["key"]): row for row in deployment.json("config", "show")}
    assert rows[name, "address"]["value"] == "http://127.0.0.1:1"
    assert rows[name, "address"]["source"] == f"[{name}] address in the sandbox's settings"
    assert (deployment.folder / "instance" / "sandbox" / "settings.toml").stat().st_mode & 0o077 == 0
    monkeypatch.setenv("PEGBOARD_ENV", "test")
    assert deployment.run("config", "check").exit_code == 1


def test_a_second_sandbox_in_the_same_folder_is_refused_before_it_starts_anything(deployment: Deployment) -> None:
    import fcntl

    with_peer(deployment, "1 / 0")
    folder = deployment.folder / "instance" / "sandbox"
    folder.mkdir(parents=True)
    with (folder / "lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        result = deployment.run("sandbox")
    assert isinstance(result.exception, PegboardError)
    assert f"a sandbox runs in {folder.parent} already" in str(result.exception)


class Ending:
    """A server that ends by itself."""

    description, running = "a server at nowhere", True
    settings: Mapping[str, object] = MappingProxyType({})

    def stop(self) -> None:
        """Nothing to stop."""


def test_a_server_that_ends_by_itself_is_reported_once() -> None:
    peers = Peers(running=[peer := Ending()])
    assert peers.ended() == []
    peer.running = False
    assert peers.ended() == [peer]
    assert peers.ended() == []
