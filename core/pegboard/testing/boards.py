"""Boards for tests: the plugins that are named and what they require, on an SQLite file of their own."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any, Protocol

from flask import Flask
from flask.testing import FlaskClient

from pegboard import BoardSettings, create_app
from pegboard.discovery import Found, Installed, Reference
from pegboard.hookspecs import Hooks
from pegboard.live import board_of

if TYPE_CHECKING:
    from werkzeug.test import TestResponse

_TOKEN = re.compile(r'name="csrf_token"[^>]*value="([^"]+)"')


class MakeBoard(Protocol):
    """What the fixture `make_board` is."""

    def __call__(
        self, *plugins: Reference, config: Mapping[str, Mapping[str, Any]] | None = None, **settings: Any
    ) -> Flask: ...


class BoardClient(FlaskClient):
    """Flask's test client, which can fill in the forms of a board as well."""

    @classmethod
    def of(cls, app: Flask) -> BoardClient:
        """A browser without cookies."""
        return cls(app, app.response_class)

    def token(self, path: str) -> str:
        """The token of the form on a page, without which nothing is accepted. AssertionError where there is none."""
        page = self.get(path)
        found = _TOKEN.search(page.text)
        assert found, f"{path} ({page.status}) has no form with a csrf_token"
        return found[1]

    def submit(self, path: str, *, page: str = "", **fields: Any) -> TestResponse:
        """Post a form with its token, which is taken from `page` where that is not the same path."""
        return self.post(path, data={"csrf_token": self.token(page or path), **fields})


@contextmanager
def making_boards(instance: Path) -> Iterator[MakeBoard]:
    """A function that boots boards, whose connections are closed at the end."""
    boards: list[Flask] = []

    def make(*plugins: Reference, config: Mapping[str, Mapping[str, Any]] | None = None, **settings: Any) -> Flask:
        values = {"env": "test", "builtins": (), "instance_path": instance, **settings}
        app = create_app(BoardSettings(**values), plugins=with_required(plugins), config=config)
        boards.append(app)
        _make_tables(app)
        return app

    try:
        yield make
    finally:
        for app in boards:
            _close(app)


def with_required(plugins: Sequence[Reference]) -> list[Reference]:
    """The plugins, then those they require, as far as they are installed: the board reports the others.

    Where `files` comes and none of them stores any, so does the embedded storage.
    """
    installed = Installed()
    classes = [found.plugin for reference in plugins if isinstance(found := installed.load(reference), Found)]
    names = {plugin.name for plugin in classes}
    added: list[Reference] = []
    for plugin in classes:  # grows on the way
        for name in plugin.requires:
            if name in names or name not in installed.points:
                continue
            names.add(name)
            added.append(name)
            if isinstance(required := installed.load(name), Found):
                classes.append(required.plugin)
    if "files" in names and all(plugin.providers is Hooks.providers for plugin in classes):
        added.append("local_files")
    return [*plugins, *added]


def _make_tables(app: Flask) -> None:
    """Run the migrations of the core and of every plugin that has any; a board without a database pays nothing."""
    plan = board_of(app).plan
    if not plan.uses_database:
        return
    from pegboard.migrations import upgrade

    upgrade(app, plan, plan.database_url)


def _close(app: Flask) -> None:
    if "sqlalchemy" not in app.extensions:
        return
    from pegboard.db import db

    with app.app_context():
        db.engine.dispose()
