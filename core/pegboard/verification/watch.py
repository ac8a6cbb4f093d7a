"""What a plugin does while a board boots: imports, connections, programs, threads, writing. Only Python's own doings show."""

from __future__ import annotations

import errno
import os
import sys
import threading
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from functools import lru_cache
from pathlib import Path
from types import FrameType
from typing import Any

_NETWORK = (
    "socket.connect", "socket.getaddrinfo", "socket.gethostbyname", "socket.gethostbyaddr", "socket.sendto",
    "socket.sendmsg",
)  # fmt: skip
_FORKS = ("os.fork", "os.forkpty")
_PROGRAMS = ("subprocess.Popen", "os.system", "os.exec", "os.posix_spawn", "os.startfile")
_WRITES = {
    "os.mkdir": (0,), "os.remove": (0,), "os.rmdir": (0,), "os.truncate": (0,), "os.chmod": (0,), "os.chown": (0,),
    "os.rename": (0, 1), "os.link": (1,), "os.symlink": (1,), "sqlite3.connect": (0,),
}  # fmt: skip
_WRITING = os.O_WRONLY | os.O_RDWR | os.O_CREAT | os.O_TRUNC | os.O_APPEND
_DEVICES = (Path("/dev"), Path("/proc"))
_REFUSED = "refused while a plugin is verified"


@dataclass(frozen=True, slots=True)
class Seen:
    """One thing that was done: `kind` is import, network, program, thread, database or write.

    `path` and `line` are the plugin's own; empty where it was done in a thread, by what the plugin has started.
    """

    kind: str
    what: str
    path: str = ""
    line: int = 0


@dataclass(slots=True)
class Watch:
    """Notes what the code in `home` does, itself or through others.

    Connections, programs, and writing outside `home` and `allowed` are refused with an OSError, whoever's they are.
    """

    home: Path
    allowed: Sequence[Path] = ()
    seen: list[Seen] = field(default_factory=list)
    _on: bool = False
    _known: set[str] = field(default_factory=set)

    @contextmanager
    def watching(self) -> Iterator[None]:
        """Watch what happens in this block, in every thread."""
        if not self._known:
            self._known = {name.partition(".")[0] for name in sys.modules}
            sys.addaudithook(self._audit)  # for the life of the process: it can only be switched off
        witness, start = _Witness(self), threading.Thread.start

        def noted(thread: threading.Thread) -> None:
            self._note("thread", thread.name)
            start(thread)

        sys.meta_path.insert(0, witness)
        threading.Thread.start = noted  # type: ignore[method-assign, assignment]
        self._on = True
        try:
            yield
        finally:
            self._on = False
            threading.Thread.start = start  # type: ignore[method-assign]
            sys.meta_path.remove(witness)

    def asked_for(self, module: str) -> None:
        """Note the first import of each package."""
        top = module.partition(".")[0]
        if top not in self._known:
            self._known.add(top)
            self._note("import", top)

    def _audit(self, event: str, arguments: tuple[Any, ...]) -> None:
        if not self._on:
            return
        if event in _NETWORK:
            self._note("network", _address(event, arguments))
            raise ConnectionRefusedError(errno.ECONNREFUSED, _REFUSED)
        if event in _FORKS:
            self._note("program", "a copy of this process")
            raise PermissionError(errno.EPERM, _REFUSED)
        if event in _PROGRAMS:
            self._note("program", os.fsdecode(arguments[0]))
            raise PermissionError(errno.EPERM, _REFUSED)
        if event == "open" and isinstance(arguments[2], int) and arguments[2] & _WRITING:
            self._written(arguments[0])
        elif event in _WRITES:
            if event == "sqlite3.connect":
                self._note("database", os.fsdecode(arguments[0]))
            for position in _WRITES[event]:
                self._written(arguments[position])

    def _written(self, name: Any) -> None:
        if isinstance(name, int) or os.fsdecode(name) in (":memory:", ""):
            return
        path = Path(os.fsdecode(name)).absolute()
        if "__pycache__" in path.parts:  # that is Python's
            return
        if not any(path.is_relative_to(place) for place in (*_DEVICES, self.home, *self.allowed)):
            self._note("write", str(path))
            raise PermissionError(errno.EACCES, _REFUSED, str(path))

    def _note(self, kind: str, what: str) -> None:
        """Charge it to the innermost line of the plugin's, or to the plugin as a whole where a thread did it."""
        frame: FrameType | None = sys._getframe()
        while frame and not _is_below(frame.f_code.co_filename, self.home):
            frame = frame.f_back
        if frame:
            self.seen.append(Seen(kind, what, frame.f_code.co_filename, frame.f_lineno))
        elif threading.get_ident() != threading.main_thread().ident:
            self.seen.append(Seen(kind, what))


class _Witness:
    """Stands before the finders, finds nothing, and tells what is looked for."""

    def __init__(self, watch: Watch) -> None:
        self._watch = watch

    def find_spec(self, name: str, path: object = None, target: object = None) -> None:
        self._watch.asked_for(name)


@lru_cache(maxsize=4096)
def _is_below(file: str, home: Path) -> bool:
    return not file.startswith("<") and Path(file).resolve().is_relative_to(home)


def _address(event: str, arguments: tuple[Any, ...]) -> str:
    """The host and port, or the socket's file, that is to be reached."""
    address = arguments[1] if event in ("socket.connect", "socket.sendto", "socket.sendmsg") else arguments[:2]
    return ":".join(str(part) for part in address[:2]) if isinstance(address, tuple) else str(address)
