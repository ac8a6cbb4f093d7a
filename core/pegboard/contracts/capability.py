"""The name by which application code asks for something that a provider does."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Generic, TypeVar

T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class Capability(Generic[T]):
    """Something application code can ask for.

    `name` is its word in settings and messages; `contract` the Protocol that its providers fulfil, for documentation.
    """

    name: str
    contract: type | None = None
