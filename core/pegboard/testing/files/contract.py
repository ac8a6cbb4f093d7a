"""The whole contract suite of `files`, as one pytest class, and a way to run it without pytest."""

from __future__ import annotations

import inspect
import time
from collections.abc import Callable, Iterator
from contextlib import suppress

import pytest

from pegboard.contracts.files import FileStorage

from .expectations import key_maker
from .links import LinkContract
from .metadata import MetadataContract
from .objects import ObjectContract
from .parts import PartContract
from .uploads import UploadContract


class FileStorageContract(ObjectContract, LinkContract, UploadContract, PartContract, MetadataContract):
    """Every provider of `files` passes this. Give it the fixture `storage`: a provider whose URLs can be fetched."""

    @pytest.fixture
    def storage(self) -> FileStorage:
        raise NotImplementedError("override the fixture `storage` with your provider")

    @pytest.fixture
    def new_key(self, storage: FileStorage) -> Iterator[Callable[[str], str]]:
        """Makes fresh keys, and removes what is stored under them afterwards."""
        made: list[str] = []
        yield key_maker(made)
        for key in made:
            storage.delete(key)

    def let_pass(self, seconds: float) -> None:
        """Wait until signed URLs have expired. Override it where the provider's clock can be moved."""
        time.sleep(seconds)


def failures(contract: FileStorageContract, storage: FileStorage) -> dict[str, str]:
    """Run the suite on one provider; what failed, as test name and message."""
    found = {}
    for name, test in inspect.getmembers(contract, inspect.ismethod):
        if not name.startswith("test_"):
            continue
        made: list[str] = []
        given = {"storage": storage, "new_key": key_maker(made)}
        try:
            test(**{parameter: given[parameter] for parameter in inspect.signature(test).parameters})
        except Exception as error:  # noqa: BLE001 - a broken provider may raise anything anywhere
            found[name] = str(error) if isinstance(error, AssertionError) else f"raised {error!r}"
        for key in made:
            with suppress(Exception):
                storage.delete(key)
    return found
