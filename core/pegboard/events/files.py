"""What happens to files. `file` is the id that `files.get` takes, `owner` the subject of a person."""

from __future__ import annotations

from dataclasses import dataclass

from .event import Event


@dataclass(frozen=True, slots=True)
class FileEvent(Event):
    """Something has happened to a file."""

    file: str
    owner: str

    @property
    def subject(self) -> str:
        return self.file


@dataclass(frozen=True, slots=True)
class FileReady(FileEvent):
    """A file is stored, checked, and can be read. `size` is bytes."""

    filename: str
    content_type: str
    size: int
    public: bool


@dataclass(frozen=True, slots=True)
class FileFailed(FileEvent):
    """A file did not become ready, and nothing of it is kept. `problem` is the word that the file's row has."""

    problem: str


@dataclass(frozen=True, slots=True)
class FileDeleted(FileEvent):
    """A file that was ready can be read by nobody any more; its objects are being deleted."""
