"""The smallest provider there can be: three methods over a dictionary."""

from __future__ import annotations

import secrets
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from datetime import UTC, datetime

from pegboard.contracts.files import Stat
from pegboard.errors import NotFound
from pegboard.web.served_files import Links, ServedFileStorage


class MemoryStorage(ServedFileStorage):
    """Keeps objects for as long as it lives."""

    name = "memory"

    def __init__(self, links: Links) -> None:
        super().__init__(links)
        self.objects: dict[str, tuple[Stat, bytes]] = {}

    def write(self, key: str, pieces: Iterator[bytes], content_type: str, metadata: Mapping[str, str]) -> Stat:
        body = b"".join(pieces)
        stat = Stat(len(body), content_type, secrets.token_hex(8), datetime.now(UTC), metadata)
        self.objects[key] = stat, body
        return stat

    @contextmanager
    def open(self, key: str, start: int, end: int | None) -> Iterator[tuple[Stat, Iterator[bytes]]]:
        if key not in self.objects:
            raise NotFound(f"nothing is stored under {key}", provider=self.name, operation="open")
        stat, body = self.objects[key]
        yield stat, iter([body[start:end]])

    def remove(self, key: str) -> None:
        self.objects.pop(key, None)
