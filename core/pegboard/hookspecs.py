"""Every hook that a plugin may implement. Contribution hooks are called once, at boot; they return plain data.

A veto hook is called each time there is something to allow; raising `Refused` is the veto.
Write an implementation with `@hookimpl`. A hook body imports nothing heavy: that of a contribution runs at every boot.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pluggy

if TYPE_CHECKING:
    import click
    from flask import Blueprint, Flask

    from .contracts.capability import Capability
    from .contributions import FileToCheck, HealthCheck, NavItem, Permission, Provider, SandboxPeer, Slot, UserSource

PROJECT = "pegboard"
hookspec = pluggy.HookspecMarker(PROJECT)
hookimpl = pluggy.HookimplMarker(PROJECT)


class Hooks:
    """The catalogue: one method per hook."""

    @hookspec
    def blueprints(self) -> Iterable[Blueprint]:
        """Flask blueprints, new ones at each call, named like the plugin or `<plugin>_…`, below the plugin's URL prefix."""

    @hookspec
    def commands(self) -> Iterable[click.Command]:
        """Click commands, shown below `pegboard <plugin>`."""

    @hookspec
    def capabilities(self) -> Iterable[Capability[Any]]:
        """Capabilities that this plugin brings and other plugins may provide."""

    @hookspec
    def providers(self) -> Iterable[Provider[Any]]:
        """Providers of capabilities. Each `make` is called once per board, on first use."""

    @hookspec
    def permissions(self) -> Iterable[Permission]:
        """Permissions that this plugin's guards ask for. A guard that names another is a boot error."""

    @hookspec
    def user_source(self) -> UserSource:
        """How the board learns who is asking. One enabled plugin at most implements this."""

    @hookspec
    def nav_items(self) -> Iterable[NavItem]:
        """Menu entries. One that raises while serving is left out and logged."""

    @hookspec
    def slots(self) -> Iterable[Slot]:
        """Fragments for the named places that templates leave open. One that raises while serving is left out and logged."""

    @hookspec
    def template_globals(self) -> Mapping[str, Callable[..., Any]]:
        """Functions that every template may call. One that raises while serving yields nothing and is logged."""

    @hookspec
    def content_security_policy(self) -> Mapping[str, Iterable[str]]:
        """Hosts to allow, by directive. `*`, `unsafe-…` and, for scripts, `data:` are boot errors."""

    @hookspec
    def health_checks(self) -> Iterable[HealthCheck]:
        """Questions for `pegboard doctor` and, where marked ready, `/readyz`."""

    @hookspec
    def sandbox_peers(self) -> Iterable[SandboxPeer]:
        """Local stand-ins that speak the vendor's real protocol, for `pegboard sandbox`."""

    @hookspec
    def stored_folders(self) -> Iterable[Path]:
        """Folders of this machine whose files belong into a backup. A relative one is below the instance folder."""

    @hookspec
    def check_file(self, file: FileToCheck) -> None:
        """A veto before a file can be read: `Refused` with words for the person. After any other error it stays closed."""

    @hookspec
    def app_ready(self, app: Flask) -> None:
        """Last of all: the board is complete and frozen. Initialise Flask extensions here; open no connection."""
