"""How the suite says what is wrong: `Provider.method`: what it did."""

from __future__ import annotations

import secrets
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import NoReturn

from pegboard.contracts.files import FileStorage
from pegboard.errors import NotFound, ProviderError


class Expectations:
    """Speaks about one provider."""

    def __init__(self, storage: FileStorage) -> None:
        self._name = type(storage).__name__

    def fail(self, operation: str, reason: str) -> NoReturn:
        raise AssertionError(f"`{self._name}.{operation}`: {reason}")

    def that(self, condition: bool, operation: str, reason: str) -> None:
        if not condition:
            self.fail(operation, reason)

    @contextmanager
    def works(self, operation: str, doing: str) -> Iterator[None]:
        """Nothing may be raised."""
        try:
            yield
        except Exception as error:  # noqa: BLE001 - whatever it raises is a fault of the provider
            self.fail(operation, f"raised {type(error).__name__} when {doing}: {error}")

    @contextmanager
    def refuses(self, operation: str, doing: str, *, permanent: bool | None = None) -> Iterator[None]:
        """A `ProviderError` that says where it comes from must be raised."""
        with self._raises(operation, doing, ProviderError, permanent):
            yield

    @contextmanager
    def finds_nothing(self, operation: str, doing: str) -> Iterator[None]:
        """`NotFound` must be raised."""
        with self._raises(operation, doing, NotFound, True):
            yield

    @contextmanager
    def _raises(self, operation: str, doing: str, kind: type[ProviderError], permanent: bool | None) -> Iterator[None]:
        try:
            yield
        except kind as error:
            self.that(
                bool(error.provider and error.operation),
                operation,
                f"its error names no provider and operation: {kind.__name__}(…, provider=…, operation=…)",
            )
            if permanent is not None and error.permanent is not permanent:
                self.fail(operation, f"its error when {doing} has permanent={error.permanent}")
        except Exception as error:  # noqa: BLE001
            self.fail(operation, f"raised {type(error).__name__}, not {kind.__name__}, when {doing}")
        else:
            self.fail(operation, f"raised nothing when {doing}")


def key_maker(made: list[str]) -> Callable[[str], str]:
    """Fresh keys below a prefix, remembered so that they can be deleted."""

    def new_key(prefix: str = "contract/") -> str:
        made.append(f"{prefix}{secrets.token_hex(16)}")
        return made[-1]

    return new_key
