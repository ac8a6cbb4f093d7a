"""Files in a folder of this machine: the embedded provider of `files`, three methods and a cheaper check."""

from __future__ import annotations

import os
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path

from pegboard.contracts.files import Stat
from pegboard.web.served_files import Links, ServedFileStorage

from .objects import PROVIDER, ObjectFolder, disk, read_chunks


class LocalFileStorage(ServedFileStorage):
    """Implements `FileStorage` below the folder `root`."""

    name = PROVIDER

    def __init__(self, root: Path, links: Links) -> None:
        super().__init__(links)
        self._objects = ObjectFolder(root)

    def write(self, key: str, pieces: Iterator[bytes], content_type: str, metadata: Mapping[str, str]) -> Stat:
        return self._objects.store(key, pieces, content_type, metadata)

    @contextmanager
    def open(self, key: str, start: int, end: int | None) -> Iterator[tuple[Stat, Iterator[bytes]]]:
        with self._objects.open(key) as (file, stat):
            stop = stat.size if end is None else min(end, stat.size)
            with disk("read"):
                file.seek(start, os.SEEK_CUR)
            yield stat, read_chunks(file, stop - start)

    def remove(self, key: str) -> None:
        self._objects.remove(key)

    def check(self) -> None:
        self._objects.try_writing()
