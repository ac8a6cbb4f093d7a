"""Every file is scanned for malware by ClamAV before anybody can read it, in `pegboard.toml`: plugins = ["clamav:ClamAV"].

The daemon clamd gets the content over its socket, piece by piece; nothing is written to this machine's disk.
"""

from __future__ import annotations

import socket
import time
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager, suppress

from pydantic import Field

from pegboard import Plugin, PluginSettings, hookimpl
from pegboard.contributions import FileToCheck, HealthCheck
from pegboard.errors import Refused
from pegboard.i18n import gettext as _

Wait = Callable[[], None]
"""Lets the next step take what is left of the time."""


class ClamAVSettings(PluginSettings):
    """`[clamav]` in `pegboard.toml`, `CLAMAV_…` in the environment."""

    host: str = Field(default="127.0.0.1", description="Where clamd listens (TCPAddr in clamd.conf).")
    port: int = Field(default=3310, ge=1, le=65_535, description="The port it listens on (TCPSocket in clamd.conf).")
    seconds: float = Field(default=60, gt=0, le=600, description="How long one scan may take.")


class ClamAV(Plugin[ClamAVSettings]):
    """Scans files for malware."""

    name = "clamav"
    requires = ("files",)
    Settings = ClamAVSettings

    @hookimpl
    def check_file(self, file: FileToCheck) -> None:
        with file.open() as pieces:
            answer = self._asked("INSTREAM", pieces)
        verdict = answer.removeprefix("stream: ")
        if verdict.endswith(" FOUND"):
            raise Refused(_("This file holds malware: %(name)s.", name=verdict.removesuffix(" FOUND")))
        if verdict != "OK":
            raise RuntimeError(f"clamd answers {answer!r}; its StreamMaxLength must be as large as [files] max_size")

    @hookimpl
    def health_checks(self) -> Iterable[HealthCheck]:
        yield HealthCheck("clamd", self._check)

    def _check(self) -> None:
        answer = self._asked("PING", ())
        if answer != "PONG":
            raise RuntimeError(f"{self.settings.host}:{self.settings.port} is no clamd: it answers {answer!r}")

    def _asked(self, command: str, pieces: Iterable[bytes]) -> str:
        """The answer of clamd, within the time that the settings allow."""
        with self._connected() as (link, wait):
            with suppress(BrokenPipeError, ConnectionResetError):  # it answers before the end, when it has seen enough
                link.sendall(f"z{command}\0".encode())
                for piece in pieces:
                    wait()
                    link.sendall(len(piece).to_bytes(4, "big") + piece)
                if command == "INSTREAM":
                    link.sendall(bytes(4))
            return self._answer(link, wait)

    def _answer(self, link: socket.socket, wait: Wait) -> str:
        answer = b""
        while not answer.endswith(b"\0"):
            wait()
            piece = link.recv(4096)
            if not piece or len(answer) > 4096:
                raise ConnectionError(f"clamd at {self.settings.host}:{self.settings.port} hung up without an answer")
            answer += piece
        return answer.rstrip(b"\0").decode(errors="replace")

    @contextmanager
    def _connected(self) -> Iterator[tuple[socket.socket, Wait]]:
        end = time.monotonic() + self.settings.seconds
        with socket.create_connection((self.settings.host, self.settings.port), timeout=5) as link:

            def wait() -> None:
                link.settimeout(max(0.001, end - time.monotonic()))

            wait()
            yield link, wait
