"""Which local servers the sandbox starts, and what serves where there is none."""

from __future__ import annotations

import pytest

from pegboard.cli.sandbox import Peers
from pegboard.errors import PegboardError
from tests.core.cli.deployment import Deployment

PEERS = '''
from collections.abc import Iterable
from pathlib import Path
from pydantic import Field
from pegboard import Plugin, PluginSettings, hookimpl
from pegboard.contributions import RunningPeer, SandboxPeer

stopped = []


class Running:
    description = "a server at nowhere"
    settings = {{"address": "http://127.0.0.1:1"}}

    def stop(self) -> None:
        stopped.append(self)


class {cls}Settings(PluginSettings):
    address: str = Field(description="Where it is.")


class {cls}(Plugin[{cls}Settings]):
    """Speaks to a server."""

    name = "{name}"
    Settings = {cls}Settings

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
