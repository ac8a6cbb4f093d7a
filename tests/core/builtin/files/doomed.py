"""`python -m tests.core.builtin.files.doomed FOLDER OPERATION`: does it again and again, killed with SIGKILL one seam later each time.

A seam is a moment just before or after a call to a provider, a piece of a stream, or a commit. After each death another
process looks at what is left, sweeps ten days later, and looks again. A line of JSON for each: the seam, and what is wrong.
"""

from __future__ import annotations

import itertools
import json
import os
import shutil
import signal
import sys
import traceback
from collections.abc import Callable, Iterator
from contextlib import suppress
from datetime import timedelta
from functools import partial
from io import BytesIO
from pathlib import Path
from typing import Any

import time_machine
from flask import Flask
from sqlalchemy import event, select
from sqlalchemy.orm import Session

from pegboard import BoardSettings, Plugin, Provider, create_app, hookimpl
from pegboard.builtin.files.models import File, StoredObject
from pegboard.builtin.files.moving import move
from pegboard.builtin.files.plugin import Files
from pegboard.builtin.files.records import ANYONE
from pegboard.builtin.files.service import FileRefused, files
from pegboard.builtin.files.sweeping import sweep
from pegboard.builtin.local_files.provider import LocalFileStorage
from pegboard.contracts.files import FILES
from pegboard.contributions import FileToCheck
from pegboard.db import db, utc_now
from pegboard.errors import Refused
from pegboard.live import board_of, current_board
from pegboard.migrations import upgrade
from pegboard.settings import PluginSettings
from pegboard.web.served_files import Links
from pegboard.web.served_files.links import Grant
from tests.core.builtin.files.boards import PNG

DAY = timedelta(days=1)
CALLS = ("put", "copy", "stat", "delete", "begin_parts", "finish_parts", "abort_parts")


class Seams:
    """Counts the moments at which this process may die, and dies at the chosen one."""

    def __init__(self) -> None:
        self.chosen, self.count, self.log = 0, 0, -1

    def __call__(self, name: str) -> None:
        if not self.chosen:
            return
        self.count += 1
        if self.count == self.chosen:
            os.write(self.log, name.encode())
            os.kill(os.getpid(), signal.SIGKILL)


seam = Seams()


class Mortal(LocalFileStorage):
    """Local files with a seam on both sides of each call."""

    def __init__(self, folder: Path) -> None:
        super().__init__(folder, Links(folder.name, keys=["k"], base_url=lambda: f"http://{folder.name}.test"))
        for name in CALLS:
            setattr(self, name, partial(self._between, name, getattr(self, name)))

    def _between(self, name: str, call: Callable[..., Any], *args: Any, **kwargs: Any) -> Any:
        seam(f"before {name}")
        result = call(*args, **kwargs)
        seam(f"after {name}")
        return result


class Stores(Plugin[PluginSettings]):
    """Two providers, and a check that refuses files of one name."""

    name = "stores"
    requires = ("files",)
    folder = Path()

    @hookimpl
    def providers(self) -> Iterator[Provider[Any]]:
        for name in ("first", "second"):
            yield Provider(FILES, name, partial(Mortal, self.folder / name))

    @hookimpl
    def check_file(self, file: FileToCheck) -> None:
        seam("check")
        if file.filename == "bad.png":
            raise Refused("No.")


class Stream(BytesIO):
    """A stream with a seam at each piece."""

    def read(self, size: int | None = -1, /) -> bytes:
        seam("a piece of the stream")
        return super().read(size)


def _upload(name: str = "a.png") -> File:
    file, _ = files.begin_upload(name, "image/png", len(PNG), "alice")
    current_board().provider(FILES).put(str(file.upload_key), BytesIO(PNG), content_type="image/png")
    return file


def _upload_in_parts() -> File:
    file, _ = files.begin_upload("a.png", "image/png", len(PNG), "alice")
    (key, upload_id) = db.session.execute(select(StoredObject.key, StoredObject.upload_id)).one()
    store = current_board().provider(FILES)
    assert isinstance(store, Mortal)
    grant = Grant(key, store.links.expiry(60), size=len(PNG), upload_id=upload_id, part=1)
    store.receive(grant, BytesIO(PNG))
    return file


def _save(name: str = "a.png") -> File:
    return files.save(Stream(PNG), name, None, "alice")


def _refused(call: Callable[[], Any]) -> None:
    with suppress(FileRefused):
        call()


def _moved(_: Any) -> None:
    with time_machine.travel(utc_now() + timedelta(hours=1)):  # the originals of an earlier run may go
        move("first", "second")


# What is there before, and what is done with it.
OPERATIONS: dict[str, tuple[Callable[[], Any], Callable[[Any], Any]]] = {
    "save": (lambda: None, lambda _: _save()),
    "save-refused": (lambda: None, lambda _: _refused(lambda: _save("bad.png"))),
    "begin": (lambda: None, lambda _: _upload()),
    "complete": (_upload, lambda file: files.complete_upload(file.id, "alice")),
    "complete-refused": (
        lambda: _upload("bad.png"),
        lambda file: _refused(lambda: files.complete_upload(file.id, "alice")),
    ),
    "begin-parts": (lambda: None, lambda _: _upload_in_parts()),
    "complete-parts": (_upload_in_parts, lambda file: files.complete_upload(file.id, "alice")),
    "delete-parts": (_upload_in_parts, lambda file: files.delete(file.id, "alice")),
    "delete-saved": (_save, lambda file: files.delete(file.id, "alice")),
    "delete-upload": (_upload, lambda file: files.delete(file.id, "alice")),
    "sweep": (_upload, lambda _: _sweep_later(2 * DAY)),
    "move": (lambda: [_save(), _save()], _moved),
    "move-originals": (lambda: [_save(), move("first", "second")], _moved),
}


def _sweep_later(after: timedelta) -> None:
    with time_machine.travel(utc_now() + after):
        sweep(DAY)


def main(folder: Path, operation: str) -> None:
    """Until a process survives, one seam later each time."""
    os.fsync = lambda fd: None  # processes die here, not the machine
    app = _board(folder / "board", parts_above=1 if operation.endswith("parts") else len(PNG))
    data, clean = folder / "board", folder / "clean"
    shutil.copytree(data, clean)
    before, do = OPERATIONS[operation]
    for number in itertools.count(1):
        shutil.rmtree(data)
        shutil.copytree(clean, data)
        died_at = _in_a_child(partial(_doomed, app, before, do, number))
        wrong = _in_a_child(partial(_look, app, data, do if operation.startswith("move") else None))
        print(json.dumps({"seam": died_at, "wrong": json.loads(wrong)}), flush=True)  # noqa: T201
        if died_at == "survived":
            return


def _board(folder: Path, **given: Any) -> Flask:
    Stores.folder = folder
    settings = BoardSettings(
        env="test",
        builtins=(),
        instance_path=folder,
        database_url=f"sqlite:///{folder}/test.db",
        providers={"files": "first"},
    )
    app = create_app(settings, plugins=[Files, Stores], config={"files": given})
    plan = board_of(app).plan
    upgrade(app, plan, plan.database_url)
    event.listen(Session, "before_commit", lambda session: seam("before a commit"))
    event.listen(Session, "after_commit", lambda session: seam("after a commit"))
    return app


def _in_a_child(work: Callable[[int], None]) -> str:
    """What a process of its own has written before its end."""
    reading, writing = os.pipe()
    child = os.fork()
    if child == 0:
        os.close(reading)
        status = 1
        try:
            work(writing)
            status = 0
        except BaseException:  # noqa: BLE001 - the parent shows it
            traceback.print_exc()
        finally:
            os._exit(status)
    os.close(writing)
    with os.fdopen(reading) as answer:
        said = answer.read()
    _, status = os.waitpid(child, 0)
    if os.WIFEXITED(status) and os.WEXITSTATUS(status):
        raise SystemExit(f"a child failed: {said}")
    return said


def _doomed(app: Flask, before: Callable[[], Any], do: Callable[[Any], Any], number: int, log: int) -> None:
    with app.app_context():
        given = before()
        seam.chosen, seam.count, seam.log = number, 0, log
        do(given)
    os.write(log, b"survived")


def _look(app: Flask, folder: Path, again: Callable[[Any], Any] | None, log: int) -> None:
    with app.app_context():
        wrong = [f"at once: {one}" for one in _unknown(folder) + _unreadable()]
        if again is not None:
            again(None)
            wrong += [f"not moved: {file.id}" for file in files.list(ANYONE) if file.provider != "second"]
        _sweep_later(10 * DAY)
        wrong += [f"after a sweep: {one}" for one in _unknown(folder) + _unreadable() + _left(folder)]
    os.write(log, json.dumps(wrong).encode())


def _stored(folder: Path) -> set[tuple[str, str]]:
    """Provider and key of every object."""
    return {
        (name, str(path.relative_to(folder / name))[:-1])
        for name in ("first", "second")
        for path in (folder / name).rglob("*@")
    }


def _unknown(folder: Path) -> list[str]:
    """Parts have no rows of their own: their upload's has its id."""
    rows = {tuple(row) for row in db.session.execute(select(StoredObject.provider, StoredObject.key))}
    return [f"nobody knows {key}" for _, key in sorted(_stored(folder) - rows) if not key.startswith("parts/")]


def _unreadable() -> list[str]:
    wrong = []
    for file in files.list(ANYONE):
        if file.state == "ready":
            with files.open(file.id, ANYONE) as pieces:
                if b"".join(pieces) != PNG:
                    wrong.append(f"{file.id} has changed")
    return wrong


def _left(folder: Path) -> list[str]:
    kept = {(file.provider, file.key) for file in files.list(ANYONE) if file.state == "ready"}
    rows = {tuple(row) for row in db.session.execute(select(StoredObject.provider, StoredObject.key))}
    states = [file.state for file in files.list(ANYONE) if file.state != "ready"]
    wrong = [f"left behind: {one}" for one in sorted(_stored(folder) ^ kept)]
    return wrong + [f"a row left: {one}" for one in sorted(rows ^ kept)] + [f"a file left: {one}" for one in states]


if __name__ == "__main__":
    main(Path(sys.argv[1]), sys.argv[2])
