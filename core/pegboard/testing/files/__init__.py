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
from .metadata_saboteurs import SABOTEURS as METADATA_SABOTEURS
from .part_saboteurs import SABOTEURS as PART_SABOTEURS
from .saboteurs import SABOTEURS as WHOLE_SABOTEURS
from .saboteurs import Saboteur
from .served import MakeStorage, ServedFilesContract

SABOTEURS = (*WHOLE_SABOTEURS, *PART_SABOTEURS, *METADATA_SABOTEURS)

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
