"""The contract suite of the capability `files`. Subclass `FileStorageContract` and give it one fixture:

    class TestMyStorage(FileStorageContract):
        @pytest.fixture
        def storage(self) -> FileStorage:
            return MyFileStorage(...)

`SABOTEURS` are providers broken in one way each; they prove that the suite finds what it claims to find.
"""

from __future__ import annotations

from .contract import FileStorageContract, failures
from .http import Answer, fetch, perform
from .saboteurs import SABOTEURS, Saboteur

__all__ = ["SABOTEURS", "Answer", "FileStorageContract", "Saboteur", "failures", "fetch", "perform"]
