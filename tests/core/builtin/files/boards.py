"""A board with files, and people without accounts: whoever the header `X-Test-User` names, else Alice."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import AbstractContextManager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from flask import Blueprint, Flask, request
from flask.testing import FlaskClient
from sqlalchemy import select

from pegboard import BoardSettings, Plugin, Provider, create_app, hookimpl
from pegboard.builtin.files.models import StoredObject
from pegboard.builtin.files.plugin import Files
from pegboard.builtin.files.records import ANYONE
from pegboard.builtin.files.service import files
from pegboard.builtin.local_files.plugin import LocalFiles
from pegboard.builtin.local_files.provider import LocalFileStorage
from pegboard.contracts.files import FILES, ByteStream, Stat
from pegboard.contributions import UserSource
from pegboard.db import db
from pegboard.errors import ProviderError
from pegboard.live import board_of
from pegboard.migrations import upgrade
from pegboard.settings import PluginSettings
from pegboard.web.served_files import Links

PNG = b"\x89PNG\r\n\x1a\n" + bytes(range(200)) * 50


@dataclass(frozen=True)
class Person:
    subject: str
    name: str
    roles: frozenset[str] = frozenset({"user"})
    permissions: frozenset[str] = frozenset()


PEOPLE = {
    "alice": Person("alice", "Alice"),
    "bob": Person("bob", "Bob"),
    "mona": Person("mona", "Mona", frozenset({"moderator"}), frozenset({"files.moderate"})),
}


class People(Plugin[PluginSettings]):
    """Signs people in by a header."""

    name = "people"

    @hookimpl
    def user_source(self) -> UserSource:
        return UserSource(lambda: PEOPLE.get(request.headers.get("X-Test-User", "alice")), "people.sign_in")

    @hookimpl
    def blueprints(self) -> Iterable[Blueprint]:
        routes = Blueprint("people", __name__)
        routes.add_url_rule("/sign-in", "sign_in", lambda: "Sign in")
        yield routes


class Moody(LocalFileStorage):
    """Local files that fail on request, and that note what the database looked like when they were called."""

    def __init__(self, root: Path) -> None:
        super().__init__(root, Links("moody", keys=["k"], base_url=lambda: "http://storage.test"))
        self.fails: set[str] = set()
        self.states: list[str] = []
        self.in_transaction: list[bool] = []

    def put(self, key: str, stream: ByteStream, **options: Any) -> Stat:
        self._called("put")
        return super().put(key, stream, **options)

    def stat(self, key: str) -> Stat:
        self._called("stat")
        return super().stat(key)

    def copy(self, source: str, target: str) -> Stat:
        self._called("copy")
        return super().copy(source, target)

    def read(self, key: str, *, start: int = 0, end: int | None = None) -> AbstractContextManager[Iterator[bytes]]:
        self._called("read")
        return super().read(key, start=start, end=end)

    def delete(self, key: str) -> None:
        self._called("delete")
        super().delete(key)

    def _called(self, operation: str) -> None:
        self.in_transaction.append(db.session().in_transaction())
        with db.engine.connect() as apart:
            self.states += apart.exec_driver_sql("SELECT state FROM files").scalars()
        if operation in self.fails:
            raise ProviderError("there is no answer", provider="moody", operation=operation)


class MoodyFiles(Plugin[PluginSettings]):
    """Provides `Moody`."""

    name = "moody"
    requires = ("files",)

    def __init__(self, settings: PluginSettings) -> None:
        super().__init__(settings)
        self.made: list[Moody] = []
        self.folder = Path()

    @hookimpl
    def providers(self) -> Iterable[Provider[Any]]:
        yield Provider(FILES, "moody", self._make)

    def _make(self) -> Moody:
        self.made.append(Moody(self.folder))
        return self.made[-1]


MakeBoard = Callable[..., Flask]


@pytest.fixture
def make_board(tmp_path: Path) -> Iterator[MakeBoard]:
    """Boards with files in a folder of their own, migrated. `more` are further plugins and their settings; keywords are
    settings of `files`."""
    made: list[Flask] = []

    def make(
        provider: str = "local",
        public_url: str = "http://127.0.0.1:5000",
        more: Mapping[type[Plugin[Any]], Mapping[str, Any]] | None = None,
        database_url: str | None = None,
        **settings: Any,
    ) -> Flask:
        others = dict(more or {})
        plugins = [People, Files, LocalFiles, MoodyFiles, *others]
        board = BoardSettings(
            env="test",
            builtins=(),
            instance_path=tmp_path,
            public_url=public_url,
            database_url=database_url or f"sqlite:///{tmp_path}/test.db",
            providers={"files": provider},
        )
        app = create_app(
            board, plugins=plugins, config={"files": settings} | {kind.name: given for kind, given in others.items()}
        )
        made.append(app)
        plan = board_of(app).plan
        board_of(app).plugin(MoodyFiles).folder = tmp_path / "moody"
        upgrade(app, plan, plan.database_url)
        return app

    yield make
    for app in made:
        with app.app_context():
            db.engine.dispose()


@pytest.fixture
def board(make_board: MakeBoard) -> Flask:
    return make_board()


@pytest.fixture
def moody_board(make_board: MakeBoard) -> Flask:
    return make_board("moody")


def moody(app: Flask) -> Moody:
    """The moody storage of a board."""
    with app.app_context():
        storage = board_of(app).provider(FILES, "moody")
    assert isinstance(storage, Moody)
    return storage


def token(client: FlaskClient, **headers: str) -> str:
    """The form's token, from the page."""
    found = re.search(r'name="csrf_token"[^>]*value="([^"]+)"', client.get("/files/", headers=headers).text)
    assert found
    return found[1]


def states(app: Flask) -> list[tuple[str, str | None]]:
    """State and problem of every row, oldest first."""
    with app.app_context():
        return [(file.state, file.problem) for file in reversed(files.list(ANYONE))]


def objects(folder: Path) -> list[str]:
    """The objects in a folder of local files."""
    return sorted(path.name for path in folder.rglob("*@") if path.is_file())


def known_objects(app: Flask) -> dict[str, str]:
    """The state of every object that the board knows of, by its name in a folder of local files."""
    with app.app_context():
        rows = db.session.execute(select(StoredObject.key, StoredObject.state)).all()
    return {f"{key.rpartition('/')[2]}@": state for key, state in rows}
