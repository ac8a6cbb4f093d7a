"""The stored files that a plugin keeps for itself, and deleting them through the files service."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from flask import Flask
from sqlalchemy import Connection, func, inspect, or_, select

from ..board import Plan
from ..contracts.files import FILES
from ..errors import ConfigError, PegboardError

_BATCH = 100


@dataclass(frozen=True, slots=True)
class OwnFiles:
    """How many files an owner has, their bytes as far as they are known, and the providers they are in."""

    owner: str
    count: int = 0
    size: int = 0
    providers: tuple[str, ...] = ()


def own_files(connection: Connection, owner: str) -> OwnFiles:
    """What is stored for an owner. Nothing, where there is no table of files."""
    if not inspect(connection).has_table("files"):
        return OwnFiles(owner)
    from ..builtin.files.models import File

    each = select(File.provider, func.count(), func.sum(File.size)).where(File.owner == owner)
    found = OwnFiles(owner)
    for provider, count, size in connection.execute(each.group_by(File.provider).order_by(File.provider)):
        found = OwnFiles(owner, found.count + count, found.size + int(size or 0), (*found.providers, provider))
    return found


def files_of_others(connection: Connection, owner: str, providers: Iterable[str] | None = None) -> int:
    """How many files anybody else has, in all or in these providers."""
    if not inspect(connection).has_table("files"):
        return 0
    from ..builtin.files.models import File

    query = select(func.count()).where(File.owner != owner)
    if providers is not None:
        query = query.where(File.provider.in_(list(providers)))
    return connection.execute(query).scalar_one()


def undeleted_objects(connection: Connection, owner: str, providers: Iterable[str] | None = None) -> int:
    """How many objects of no file any more are not deleted yet, in all or in these providers; an owner's own uploads aside."""
    if not inspect(connection).has_table("files_objects"):
        return 0
    from ..builtin.files.models import KEPT, UNWANTED, StoredObject

    someones = or_(StoredObject.owner != owner, StoredObject.state == UNWANTED)
    query = select(func.count()).where(StoredObject.state != KEPT, someones)
    if providers is not None:
        query = query.where(StoredObject.provider.in_(list(providers)))
    return connection.execute(query).scalar_one()


def provided_by(plan: Plan, name: str) -> list[str]:
    """The providers of files that a plugin brings, as far as it can be loaded."""
    entry = plan.entry(name)
    return [one.name for one in entry.list("providers") if one.capability == FILES] if entry else []


def able_to_delete(plans: Iterable[Plan], found: OwnFiles) -> Flask:
    """A board that has the providers of all these files: the first of the plans that does. PegboardError where none has."""
    from ..app import apply
    from ..live import board_of

    reasons = []
    for plan in plans:
        try:
            plan.require()
            app = apply(plan)
        except ConfigError as error:
            reasons.append(f"the board does not boot. {error}")
            continue
        enabled = board_of(app).registry.names(FILES)
        missing = [name for name in found.providers if name not in enabled]
        if plan.entry("files") is None:
            reasons.append("the plugin files is not enabled")
        elif missing:
            reasons.append(f"no enabled plugin provides {', '.join(missing)}")
        else:
            return app
    raise PegboardError(
        f"{found.count} stored files of its own cannot be deleted: {reasons[0]}\n    → enable what is missing, then run this again"
    )


def delete_all(app: Flask, owner: str) -> Iterator[None]:
    """Delete an owner's files, one at each step; each is gone from its provider before its row is. ProviderError ends it."""
    from ..builtin.files.service import files
    from ..db import db

    with app.app_context():
        try:
            while batch := files.list(owner, limit=_BATCH):
                for file in batch:
                    files.delete(file.id, owner)
                    yield
        finally:
            db.session.remove()
            db.engine.dispose()
