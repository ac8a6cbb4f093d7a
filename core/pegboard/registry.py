"""Which provider serves a capability: typed, lazy, one object per provider and board."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from threading import RLock
from typing import Any, TypeVar, cast

from .contracts.capability import Capability
from .contributions import Provider
from .errors import PegboardError, ProviderError

T = TypeVar("T")


class Registry:
    """The providers of a board. Nothing is made before it is asked for; then it is made once, also under threads."""

    def __init__(self, providers: Iterable[Provider[Any]], chosen: Mapping[str, tuple[str, ...]]) -> None:
        self._providers = {(p.capability.name, p.name): p for p in providers}
        self._chosen = chosen
        self._made: dict[tuple[str, str], Any] = {}
        self._lock = RLock()  # a provider may ask for another while it is made

    def get(self, capability: Capability[T], name: str | None = None) -> T:
        """The provider of that name, or the chosen one. ProviderError names the choices where it is not enabled."""
        key = (capability.name, name or self.default(capability))
        made = self._made.get(key)
        if made is None:
            if key not in self._providers:
                enabled = ", ".join(self.names(capability)) or "none"
                raise ProviderError(
                    f"no provider {key[1]!r} of {key[0]} is enabled; enabled: {enabled}", provider=key[1]
                )
            with self._lock:
                made = self._made.get(key)
                if made is None:
                    made = self._made[key] = self._providers[key].make()
        return cast(T, made)

    def default(self, capability: Capability[Any]) -> str:
        """The name of the provider that serves when none is named."""
        names = self._chosen.get(capability.name, ())
        if not names:
            raise PegboardError(f"no provider of {capability.name} is enabled; enable a plugin that brings one")
        return names[0]

    def names(self, capability: Capability[Any]) -> list[str]:
        """All enabled providers of a capability, in name order."""
        return sorted(name for owner, name in self._providers if owner == capability.name)
