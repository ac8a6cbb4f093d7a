"""Roles: who was given which, and that there is always somebody left who may give them."""

from __future__ import annotations

from collections.abc import Mapping

from sqlalchemy import delete, select
from sqlalchemy.exc import IntegrityError

from pegboard import events
from pegboard.contracts.users import ROLES
from pegboard.db import db
from pegboard.errors import Refused
from pegboard.i18n import gettext as _
from pegboard.work import record

from .models import User, UserRole


def checked_role(role: str) -> str:
    """A role that exists. Refused otherwise, with those that do."""
    if role not in ROLES:
        raise Refused(
            _("There is no role %(role)s; there are %(roles)s.", role=repr(role[:40]), roles=", ".join(ROLES))
        )
    return role


def all_roles() -> Mapping[str, tuple[str, ...]]:
    """The roles of everyone who was given any, by the person's key; `user` is not among them."""
    found: dict[str, tuple[str, ...]] = {}
    for user_id, role in db.session.execute(select(UserRole.user_id, UserRole.role).order_by(UserRole.role)):
        found[user_id] = (*found.get(user_id, ()), role)
    return found


def grant(user: User, role: str) -> bool:
    """Give a role, and commit. False if they had it."""
    if checked_role(role) == "user":
        return False
    db.session.add(UserRole(user_id=user.id, role=role))
    try:
        record(events.RoleGranted(user.id, role))
        db.session.commit()
    except IntegrityError:
        db.session.rollback()
        return False
    return True


def revoke(user: User, role: str) -> bool:
    """Take a role away, and commit. False if they did not have it; Refused for the last administrator."""
    if checked_role(role) == "user":
        raise Refused(_("Everyone has the role user: it cannot be taken away."))
    administrators = (
        select(UserRole.user_id)
        .join(User, User.id == UserRole.user_id)
        .where(UserRole.role == "admin", User.disabled_at.is_(None))
        .order_by(UserRole.user_id)
    )
    db.session.execute(administrators.with_for_update(of=UserRole))  # two at once must not take one another's away
    found = db.session.execute(delete(UserRole).where(UserRole.user_id == user.id, UserRole.role == role))
    if role == "admin" and found.rowcount and db.session.scalar(administrators.limit(1)) is None:  # type: ignore[attr-defined]
        db.session.rollback()
        raise Refused(_("This is the last administrator. Make somebody else one first."))
    if found.rowcount:  # type: ignore[attr-defined]
        record(events.RoleRevoked(user.id, role))
    db.session.commit()
    return bool(found.rowcount)  # type: ignore[attr-defined]  # a DELETE's result has it
