"""`pegboard sandbox`: the board on this machine against local servers that speak the vendors' real protocols."""

from __future__ import annotations

import secrets
import signal
import socket
import threading
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import click
from flask import Flask

from ..board import Plan, assemble
from ..checks import lost_providers
from ..collect import Entry
from ..contributions import RunningPeer, SandboxPeer
from ..errors import PegboardError
from ..hookspecs import Hooks
from ..live import board_of
from ..sources import SANDBOX_SETTINGS, read_sources

ADMIN = "admin@example.com"


@dataclass(slots=True)
class Peers:
    """The local servers that this run has started, and the settings that lead to them."""

    running: list[RunningPeer] = field(default_factory=list)
    settings: dict[str, dict[str, Any]] = field(default_factory=dict)
    absent: list[str] = field(default_factory=list)

    def start(self, plan: Plan, url: str) -> None:
        """Start what the enabled plugins need; a plugin with real settings is left to its real vendor."""
        for entry in plan.entries:
            for peer in _peers(entry):
                if found := [name for name in peer.real if plan.sources.variable(name)]:
                    click.echo(f"  {entry.name}: the real account, because {found[0]} is set")
                    continue
                click.echo(f"  {entry.name}: starting {peer.name} …")
                running = peer.start(plan.instance_path / "sandbox" / entry.name, url)
                if running is None:
                    click.secho(
                        f"  {entry.name}: {peer.unavailable} The embedded provider serves instead.", fg="yellow"
                    )
                    self.absent.append(entry.name)
                    continue
                self.running.append(running)
                self.settings.setdefault(entry.name, {}).update(running.settings)
                click.echo(f"  {entry.name}: {running.description}")

    def ended(self) -> list[RunningPeer]:
        """Those that have ended by themselves, each once."""
        ended = [peer for peer in self.running if not peer.running]
        self.running = [peer for peer in self.running if peer not in ended]
        return ended

    def stop(self) -> None:
        """Stop all of them."""
        while self.running:
            self.running.pop().stop()


@click.command()
@click.option("--host", default="127.0.0.1", show_default=True)
@click.option("--port", default=5000, show_default=True, help="The next free one is taken where it is in use.")
def sandbox(host: str, port: int) -> None:
    """Run the board with every enabled integration offline. Data stays in the instance folder."""
    plan = assemble(read_sources())
    if plan.settings.env == "production":
        raise PegboardError("the sandbox does not start in production: unset PEGBOARD_ENV")
    folder = plan.instance_path / "sandbox"
    peers = Peers()
    signal.signal(signal.SIGTERM, lambda *_: _interrupt())
    with _only_one(folder):
        port = _free_port(host, port)
        url = f"http://{host}:{port}"
        try:
            click.echo("Starting the sandbox:")
            peers.start(plan, url)
            given = {**peers.settings, "pegboard": {"public_url": url, **_without(plan, peers.absent)}}
            _keep(folder, peers.settings)
            serve(_prepared(given), host, port, url, peers)
        except KeyboardInterrupt:
            click.echo("\nStopping.")
        finally:
            peers.stop()


def serve(app: Flask, host: str, port: int, url: str, peers: Peers) -> None:
    """Serve until interrupted. Says so when a local server ends before."""
    from werkzeug.serving import make_server

    server = make_server(host, port, app, threaded=True)
    click.secho(f"\n  {board_of(app).settings.app_name} runs at {url}  (Ctrl-C stops it)\n", bold=True)
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    try:
        while thread.is_alive():
            thread.join(0.5)
            for peer in peers.ended():
                click.secho(f"  {peer.description} has ended: stop the sandbox and start it again.", err=True, fg="red")
    finally:
        server.shutdown()
        server.server_close()


@contextmanager
def _only_one(folder: Path) -> Iterator[None]:
    """Hold the folder: two sandboxes in it would give their servers the same data. No lock where the system has none."""
    folder.mkdir(parents=True, exist_ok=True)
    try:
        import fcntl
    except ImportError:
        yield
        return
    with (folder / "lock").open("a") as lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            raise PegboardError(
                f"a sandbox runs in {folder.parent} already\n    → stop it first, or set PEGBOARD_INSTANCE_PATH to "
                "another folder"
            ) from None
        yield


def _without(plan: Plan, absent: Sequence[str]) -> dict[str, Any]:
    """The board's settings without the plugins that have no server here, what requires them, and choices of theirs."""
    if not absent:
        return {}
    gone = set(absent)
    for entry in plan.entries:  # boot order: a requirement comes before what requires it
        if gone.intersection(entry.plugin.requires):
            gone.add(entry.name)
    left_out = [entry for entry in plan.entries if entry.name in gone]
    references = {reference for entry in left_out for reference in (entry.name, entry.origin)}
    lost = {provider.name for entry in left_out for provider in lost_providers(entry)}
    return {
        "plugins": [name for name in plan.settings.plugins if name not in references],
        "providers": {
            word: choice
            for word, choice in plan.settings.providers.items()
            if not lost.intersection((choice,) if isinstance(choice, str) else choice)
        },
    }


def _keep(folder: Path, settings: Mapping[str, Mapping[str, Any]]) -> None:
    """Write down how the local servers are reached, for the other commands: `sources` reads it in development."""
    import tomlkit

    file = folder / SANDBOX_SETTINGS
    file.touch(mode=0o600)
    file.write_text(tomlkit.dumps(settings), encoding="utf-8")


def _peers(entry: Entry) -> Iterator[SandboxPeer]:
    """Asked before the settings are complete, since the peers are what completes them."""
    if entry.plugin.sandbox_peers is Hooks.sandbox_peers:
        return
    yield from entry.plugin(entry.plugin.Settings.model_construct()).sandbox_peers()


def _prepared(given: Mapping[str, Mapping[str, Any]]) -> Flask:
    """The board with its tables and, the first time, an administrator."""
    from ..app import create_app

    app = create_app(config=given)
    plan = board_of(app).plan
    if plan.uses_database:
        from ..migrations import upgrade

        done = upgrade(app, plan, plan.database_url)
        click.echo(f"  database: {'created tables of ' + ', '.join(done) if done else 'up to date'}")
    if plan.entry("accounts") is not None:
        _administrator(app)
    return app


def _administrator(app: Flask) -> None:
    from ..builtin.accounts.service import any_user, create_user

    with app.app_context():
        if any_user():
            click.echo(f"  accounts: sign in as before ({ADMIN}, or your own account)")
            return
        password = secrets.token_urlsafe(12)
        create_user(ADMIN, "Administrator", password, roles=("admin",))
        click.echo(f"  accounts: administrator {ADMIN}, password {password} (shown this once)")


def _free_port(host: str, port: int) -> int:
    for candidate in range(port, port + 20):
        with socket.socket() as probe:
            probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            try:
                probe.bind((host, candidate))
            except OSError:
                continue
            return candidate
    raise PegboardError(f"no free port between {port} and {port + 19}: give one with --port")


def _interrupt() -> None:
    raise KeyboardInterrupt
