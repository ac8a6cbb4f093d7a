"""The name under which application code asks for something, tied to the type it will be given."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Generic, TypeVar

T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class Capability(Generic[T]):
    """Something application code can ask for. `name` is the word in settings and messages."""

    name: str
    contract: type | None = None  # the Protocol class, for documentation and checks
