"""Secrets planted in the settings of a plugin, and every place where a person or a log may see them."""

from __future__ import annotations

import io
import json
import logging
import os
import subprocess
import sys
from collections.abc import Iterable, Iterator
from contextlib import contextmanager, redirect_stderr, redirect_stdout
from dataclasses import dataclass
from pathlib import Path
from threading import Thread

from flask import Flask

from ..app import apply
from ..collect import Entry
from ..contributions import HealthCheck
from ..discovery import Found
from ..live import board_of
from . import lines
from .boards import plan_of, with_required
from .child import Answer, Task
from .placeholders import Filled

_PATIENCE = 5  # seconds for each health check


@dataclass(frozen=True, slots=True)
class Shown:
    """A text that may be seen, what it is, and the line that makes it, where that is known."""

    place: str
    text: str
    where: str = ""


def shown_by_board(task: Task, one: Found, filled: Filled) -> list[Shown]:
    """All that a board with these settings shows: reprs, errors, pages, logs and prints."""
    printed = io.StringIO()
    with redirect_stdout(printed), redirect_stderr(printed), _logged(task) as logged:
        shown = list(_shown(task, one, filled))
    return [*shown, *logged, Shown("what it prints", printed.getvalue())]


def shown_by_command(task: Task, one: Found, filled: Filled) -> Shown:
    """What `pegboard config show` prints in a deployment whose file holds the secrets."""
    import tomlkit

    file = task.folder / "pegboard.toml"
    tables = {"pegboard": {"builtins": [], "plugins": [task.subject.reference]}, one.plugin.name: filled.values}
    file.write_text(tomlkit.dumps(tables), encoding="utf-8")
    code = "import json, sys; sys.path += json.loads(sys.argv.pop(1)); from pegboard.cli import main; main()"
    done = subprocess.run(  # noqa: S603 - our own interpreter and command
        [sys.executable, "-c", code, json.dumps(sys.path), "--config", str(file), "config", "show"],
        cwd=task.folder, env=os.environ, capture_output=True, text=True, check=False,
    )  # fmt: skip
    return Shown("`pegboard config show`", done.stdout + done.stderr)


def report_leaks(task: Task, one: Found, filled: Filled, shown: Iterable[Shown], answer: Answer) -> None:
    """One finding for each secret that is shown, with all the places."""
    for key, secret in filled.planted.items():
        places = [one for one in shown if secret in one.text]
        if places:
            names = ", ".join(dict.fromkeys(place.place for place in places))
            where = next((place.where for place in places if place.where), "")
            answer.add(
                "secrets",
                f"{key} is shown by {names}",
                "Whoever sees a page, a log or a bug report then has the key, and it stays in backups.",
                "leave it a SecretStr, and call get_secret_value() only where it is handed over",
                where or lines.of_field(task.subject, one.plugin.Settings, key),
            )


def _shown(task: Task, one: Found, filled: Filled) -> Iterator[Shown]:
    plan = plan_of(with_required(one).values(), task.folder, {one.plugin.name: filled.values})
    yield Shown("an error about its settings", "\n".join(map(str, plan.problems)))
    app = None
    if not plan.problems:
        try:
            app = apply(plan)
        except Exception as error:  # noqa: BLE001 - whatever it says is what people would read
            yield Shown("the error of a boot", str(error), lines.of_error(task.subject, error))
    entry = plan.entry(one.plugin.name)
    if entry is None or entry.instance is None:
        return
    yield _written(task, "the repr of its settings", entry.instance.settings)
    yield _written(task, "the repr of the plugin", entry.instance)
    yield Shown("the repr of what its hooks return", repr(entry.contributions))
    if app:
        yield Shown("the repr of the board", repr(board_of(app)))
        yield from _made(task, app, entry)
        yield from _checked(task, app, entry)
        yield from _pages(app)


def _written(task: Task, place: str, item: object) -> Shown:
    kind = type(item)
    name = next((name for name in ("__repr__", "__str__") if name in vars(kind)), "__repr__")
    return Shown(place, f"{item!r} {item}", lines.of_member(task.subject, kind, name))


def _made(task: Task, app: Flask, entry: Entry) -> Iterator[Shown]:
    """What its providers make. One that refuses made-up settings is no fault; its words are looked at all the same."""
    for provider in entry.list("providers"):
        place = f"the repr of its provider {provider.name}"
        try:
            with app.app_context():
                yield _written(task, place, provider.make())
        except Exception as error:  # noqa: BLE001 - whatever it says is what a log would say
            yield Shown(place, repr(error), lines.of_error(task.subject, error))


def _checked(task: Task, app: Flask, entry: Entry) -> Iterator[Shown]:
    """What its health checks say when they fail, as most do here: there is no network, and the settings are made up."""
    said: list[Shown] = []

    def ask(health: HealthCheck) -> None:
        try:
            with app.app_context():
                health.check()
        except Exception as error:  # noqa: BLE001 - whatever it says, the doctor and a log would say
            where = lines.of_error(task.subject, error)
            said.append(Shown(f"its health check {health.name}", f"{error!r} {error}", where))

    for health in entry.list("health_checks"):
        asking = Thread(target=ask, args=(health,), daemon=True)  # one that does not end is left behind
        asking.start()
        asking.join(_PATIENCE)
    yield from said


def _pages(app: Flask) -> Iterator[Shown]:
    """The pages of errors, which carry what the plugin adds to every page."""
    error = RuntimeError("a page that fails, so that its error can be looked at")
    for kind in ("text/html", "application/json"):
        missing = app.test_client().get("/there-is-no-such-page", headers={"Accept": kind})
        yield Shown("the page of an error (404)", f"{missing.headers}\n{missing.text}")
        with app.test_request_context(headers={"Accept": kind}):
            failed = app.finalize_request(app.handle_user_exception(error))
        yield Shown("the page of an error (500)", f"{failed.headers}\n{failed.get_data(as_text=True)}")


@contextmanager
def _logged(task: Task) -> Iterator[list[Shown]]:
    """What is logged in this block: the board's and the plugin's from debug on, others' from info on."""
    collector = _Collector(task)
    root = logging.getLogger()
    levels = {root: logging.INFO} | {
        logging.getLogger(name): logging.DEBUG for name in ("pegboard", task.subject.package)
    }
    before = {logger: logger.level for logger in levels}
    root.addHandler(collector)
    for logger, level in levels.items():
        logger.setLevel(level)
    yield collector.shown
    root.removeHandler(collector)
    for logger, level in before.items():
        logger.setLevel(level)


class _Collector(logging.Handler):
    def __init__(self, task: Task) -> None:
        super().__init__()
        self._task = task
        self.shown: list[Shown] = []

    def emit(self, record: logging.LogRecord) -> None:
        path, subject = Path(record.pathname), self._task.subject
        where = subject.place(path, record.lineno) if path.resolve().is_relative_to(subject.home) else ""
        self.shown.append(Shown("the log", logging.Formatter().format(record), where))
