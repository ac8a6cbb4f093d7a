"""The plugin that makes everyone the same signed-in person, so that a transfer needs no account."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field

from flask import Blueprint, Response, stream_with_context

from pegboard.contributions import UserSource
from pegboard.hookspecs import hookimpl
from pegboard.plugin import Plugin
from pegboard.settings import PluginSettings


@dataclass(frozen=True, slots=True)
class Person:
    """Somebody without rights beyond their own files."""

    subject: str = "alice"
    name: str = "Alice"
    roles: frozenset[str] = field(default_factory=frozenset)
    permissions: frozenset[str] = field(default_factory=frozenset)


def read(file_id: str) -> Response:
    """A file as application code reads it, in pieces."""
    from pegboard import files

    def pieces() -> Iterator[bytes]:
        with files.open(file_id, Person().subject) as found:
            yield from found

    return Response(stream_with_context(pieces()))


class Visitor(Plugin[PluginSettings]):
    """Everyone is signed in as Alice. For measuring alone."""

    name = "visitor"

    @hookimpl
    def blueprints(self) -> Iterable[Blueprint]:
        pages = Blueprint("visitor", __name__)
        pages.add_url_rule("/sign-in", "sign_in", lambda: "")
        pages.add_url_rule("/read/<file_id>", "read", read)
        yield pages

    @hookimpl
    def user_source(self) -> UserSource:
        return UserSource(load=Person, sign_in_endpoint="visitor.sign_in")
