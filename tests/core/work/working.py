"""A deployment with work, whose workers run in processes of their own, as an operator starts them."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from time import monotonic, sleep
from typing import Any

from flask import Flask
from sqlalchemy import text

from pegboard import create_app
from pegboard.db import db
from pegboard.live import board_of
from pegboard.migrations import upgrade
from pegboard.sources import given_sources
from pegboard.work.insertion import NewItem, insert
from tests.serving import foreign_environment

PLUGIN = '''
"""Work of every temper."""

from __future__ import annotations

import os
import time
from pathlib import Path
from random import random

from sqlalchemy import text

from pegboard import Plugin
from pegboard.db import db


class Busy(Plugin):
    """Has work."""

    name = "busy"


def effect(number: int) -> None:
    db.session.execute(text("INSERT INTO effects (number) VALUES (:number)"), {"number": number})


def moody(number: int) -> None:
    effect(number)
    if random() < 0.05:
        raise OSError("a bad moment")
    time.sleep(0.002)


def slow(number: int) -> None:
    Path(f"begun-{number}").touch()
    time.sleep(number / 10)
    effect(number)


def crash(number: int) -> None:
    os.kill(os.getpid(), 9)


def hang(number: int) -> None:
    Path("begun-0").touch()
    while True:
        time.sleep(1)
'''


class Workplace:
    """The folder, the board that this process has of it, and its workers."""

    def __init__(
        self,
        folder: Path,
        url: str,
        *,
        seen: str | None = None,
        plugin: str = "busy:Busy",
        code: str = PLUGIN,
        **settings: Any,
    ) -> None:
        """The workers see the database at `seen`, where that is not its address. `code` is that of the plugin's module."""
        self.folder, self.url = folder, url
        self.module = plugin.partition(":")[0]
        folder.mkdir(parents=True)
        (folder / f"{self.module}.py").write_text(code, encoding="utf-8")
        lines = [f"{name} = {value!r}" for name, value in {"work_lease": 2, **settings}.items()]
        text_ = "\n".join(
            ["[pegboard]", "builtins = []", f'plugins = ["{plugin}"]', f'database_url = "{seen or url}"', *lines]
        )
        (folder / "pegboard.toml").write_text(text_ + "\n", encoding="utf-8")
        config = {"pegboard": {"builtins": [], "plugins": [], "database_url": url, "instance_path": folder, **settings}}
        self.app: Flask = create_app(sources=given_sources(config))
        plan = board_of(self.app).plan
        upgrade(self.app, plan, plan.database_url)
        key = "INTEGER PRIMARY KEY" if url.startswith("sqlite") else "SERIAL PRIMARY KEY"
        self.execute(f"CREATE TABLE effects (id {key}, number INTEGER NOT NULL)")

    def execute(self, statement: str, **values: Any) -> list[Any]:
        with self.app.app_context(), db.engine.begin() as connection:
            result = connection.execute(text(statement), values)
            return [row[0] for row in result] if result.returns_rows else []

    def put(self, function: str, *numbers: int, lane: Callable[[int], str | None] = lambda number: None) -> None:
        """Let it be called with each of the numbers."""
        with self.app.app_context(), db.engine.begin() as connection:
            for number in numbers:
                item = NewItem(
                    kind="job",
                    queue="jobs",
                    handler=f"busy:{function}",
                    lane=lane(number),
                    data=f'{{"number": {number}}}',
                )
                insert(connection, item)

    def hurried(self) -> dict[str, int]:
        """`statuses`, after what failed was made due again: nobody waits for minutes in a test."""
        self.execute("UPDATE work SET run_at = 0 WHERE status = 'pending' AND run_at > 0")
        return self.statuses()

    def statuses(self) -> dict[str, int]:
        with self.app.app_context(), db.engine.connect() as connection:
            rows = connection.execute(
                text("SELECT status, count(*) FROM work WHERE handler LIKE :module GROUP BY status"),
                {"module": f"{self.module}%"},
            )
            return {row[0]: row[1] for row in rows}

    @contextmanager
    def workers(self, count: int) -> Iterator[Crew]:
        """`pegboard work run --processes N`, until the block ends."""
        code = "from pegboard.cli import main; main()"
        command = [sys.executable, "-c", code, "work", "run", "--processes", str(count)]
        log = (self.folder / "workers.log").open("ab")
        running = subprocess.Popen(command, cwd=self.folder, env=foreign_environment(), stdout=log, stderr=log)
        crew = Crew(running, self.folder / "workers.log")
        try:
            yield crew
        finally:
            crew.stop()
            log.close()

    def close(self) -> None:
        with self.app.app_context():
            db.engine.dispose()


class Crew:
    """The parent of the workers, and they."""

    def __init__(self, running: subprocess.Popen[bytes], log: Path) -> None:
        self.running, self.log = running, log

    def pids(self) -> list[int]:
        """The workers that there are now."""
        try:
            children = Path(f"/proc/{self.running.pid}/task/{self.running.pid}/children").read_text(encoding="ascii")
        except OSError:
            return []
        return [int(pid) for pid in children.split()]

    def kill_one(self) -> None:
        """kill -9 one of the workers, as soon as there is one."""
        until(lambda: bool(self.pids()))
        try:
            os.kill(self.pids()[0], signal.SIGKILL)
        except (ProcessLookupError, IndexError):
            return

    def stop(self) -> int:
        """SIGTERM; the exit code."""
        if self.running.poll() is None:
            self.running.send_signal(signal.SIGTERM)
        try:
            return self.running.wait(30)
        except subprocess.TimeoutExpired:
            self.running.kill()
            raise

    def said(self) -> str:
        return self.log.read_text(encoding="utf-8", errors="replace")


def until(condition: Callable[[], bool], seconds: float = 60) -> None:
    deadline = monotonic() + seconds
    while not condition():
        assert monotonic() < deadline, "it never came to that"
        sleep(0.05)


def alive(pid: int) -> bool:
    """Whether there is such a process that has not ended."""
    try:
        state = Path(f"/proc/{pid}/stat").read_text(encoding="ascii").rpartition(")")[2].split()[0]
    except OSError:
        return False
    return state != "Z"
