"""The contract suite of the capability `files`. Subclass `FileStorageContract` and give it one fixture:

    class TestMyStorage(FileStorageContract):
        @pytest.fixture
        def storage(self) -> FileStorage:
            return MyFileStorage(...)

For a `ServedFileStorage` subclass `ServedFilesContract`, and give it the fixture `make` instead.

`SABOTEURS` are providers broken in one way each; they prove that the suite finds what it claims to find.
"""

from __future__ import annotations

from .contract import FileStorageContract, failures
from .http import Answer, fetch, perform
from .saboteurs import SABOTEURS, Saboteur
from .served import MakeStorage, ServedFilesContract

__all__ = [
    "SABOTEURS",
    "Answer",
    "FileStorageContract",
    "MakeStorage",
    "Saboteur",
    "ServedFilesContract",
    "failures",
    "fetch",
    "perform",
]
