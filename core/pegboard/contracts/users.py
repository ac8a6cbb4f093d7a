"""Who is asking: what the core and other plugins may know of a signed-in person, whoever manages the accounts."""

from __future__ import annotations

from typing import Protocol

ROLES = ("user", "moderator", "admin")
"""Every role there is. Everyone has the first; the last has every permission."""


class User(Protocol):
    """A signed-in person. `subject` is opaque and stable: what other plugins store as an owner."""

    @property
    def subject(self) -> str: ...

    @property
    def name(self) -> str: ...

    @property
    def roles(self) -> frozenset[str]: ...

    @property
    def permissions(self) -> frozenset[str]: ...


def plugin_subject(name: str) -> str:
    """The owner of what a plugin keeps for itself, as in `files.save(…, owner=plugin_subject("shop"))`.

    No person has such a subject. Uninstalling the plugin deletes what belongs to it.
    """
    return f"plugin:{name}"
