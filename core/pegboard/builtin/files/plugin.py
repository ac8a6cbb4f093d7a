"""Files of people: the capability, the tables, the pages, the commands, and what they add to menus and the first page."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from typing import TYPE_CHECKING, Any

from markupsafe import Markup

from pegboard.contracts.files import FILES
from pegboard.contributions import NavItem, Permission, Slot
from pegboard.hookspecs import hookimpl
from pegboard.i18n import lazy_gettext
from pegboard.plugin import Plugin

from .settings import FilesSettings

if TYPE_CHECKING:
    import click
    from flask import Blueprint

    from pegboard.contracts.capability import Capability

MODERATE = "files.moderate"


class Files(Plugin[FilesSettings]):
    """Upload, list, download and delete files, on whichever storage is enabled."""

    name = "files"
    tables = ("files",)
    Settings = FilesSettings

    @hookimpl
    def capabilities(self) -> Iterable[Capability[Any]]:
        yield FILES

    @hookimpl
    def blueprints(self) -> Iterable[Blueprint]:
        from .views import blueprint

        yield blueprint()

    @hookimpl
    def commands(self) -> Iterable[click.Command]:
        from .cli import commands

        yield from commands()

    @hookimpl
    def permissions(self) -> Iterable[Permission]:
        yield Permission(MODERATE, "See and delete everyone's files.", roles=("moderator",))

    @hookimpl
    def nav_items(self) -> Iterable[NavItem]:
        yield NavItem(lazy_gettext("Files"), "files.index", weight=20, audience="signed_in")
        yield NavItem(lazy_gettext("Everyone's files"), "files.everyone", menu="user", weight=60, permission=MODERATE)

    @hookimpl
    def slots(self) -> Iterable[Slot]:
        yield Slot("home", _newest, weight=20)

    @hookimpl
    def template_globals(self) -> Mapping[str, Callable[..., Any]]:
        from .sizes import file_size

        return {"file_size": file_size}


def _newest() -> Markup | str:
    from .views import newest

    return newest()
