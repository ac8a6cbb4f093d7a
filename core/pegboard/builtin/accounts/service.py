"""What can be done with accounts, for views, commands and the sandbox. Each function commits what it does.

Errors are `Refused`, with a message for the person who asked.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence

from sqlalchemy import select, update
from sqlalchemy.exc import IntegrityError

from pegboard import events
from pegboard.db import db
from pegboard.errors import Refused
from pegboard.i18n import gettext as _
from pegboard.work import record

from . import passwords, sessions
from .addresses import normalised, sought
from .models import User, UserRole
from .roles import checked_role

LONGEST_NAME = 200


class EmailTaken(Refused):
    """There is an account with this address."""


def create_user(email: str, name: str, password: str, roles: Iterable[str] = ()) -> User:
    """Make an account. Refused where the address, the name, the password or a role cannot be; EmailTaken at the second."""
    given = {checked_role(role) for role in roles} - {"user"}
    user = User(email=normalised(email), name=checked_name(name), password_hash=passwords.hashed(password))
    db.session.add(user)
    try:
        db.session.flush()
    except IntegrityError:
        db.session.rollback()
        raise EmailTaken(_("There is an account with this address already.")) from None
    db.session.add_all(UserRole(user_id=user.id, role=role) for role in sorted(given))
    record(events.UserRegistered(user.id, user.email, user.name))
    for role in sorted(given):
        record(events.RoleGranted(user.id, role))
    db.session.commit()
    return user


def checked_name(name: str) -> str:
    """A name with its spaces in order. Refused where it is empty, too long, or has characters that cannot be seen."""
    shown = " ".join(name.split())
    if not 1 <= len(shown) <= LONGEST_NAME or not shown.isprintable():
        raise Refused(_("A name has 1 to %(longest)s visible characters.", longest=LONGEST_NAME))
    return shown


def find_user(email: str) -> User | None:
    """The account with this address, however it was typed."""
    return db.session.scalar(select(User).where(User.email == sought(email)))


def any_user() -> bool:
    """Whether there is any account yet."""
    return db.session.scalar(select(User.id).limit(1)) is not None


def all_users() -> Sequence[User]:
    """Every account, the oldest first."""
    return db.session.scalars(select(User).order_by(User.created_at, User.id)).all()


def names_of(subjects: Collection[str]) -> Mapping[str, str]:
    """The names of people by their key; whoever has no account is not among them."""
    rows = db.session.execute(select(User.id, User.name).where(User.id.in_(subjects)))
    return {row.id: row.name for row in rows}


def authenticate(email: str, password: str) -> User | None:
    """The person with this address and password, or None, which does not tell what was wrong.

    Known or not, it takes one query and one argon2 computation.
    """
    user = find_user(email)
    right = passwords.verify(user.password_hash if user else None, password)
    if user is None or not right or user.disabled_at is not None:
        return None
    if passwords.outdated(user.password_hash) and not _replaced(user, passwords.hashed(password)):
        return None
    return user


def rename(subject: str, name: str) -> None:
    """Change the name that others see."""
    user, chosen = db.session.get_one(User, subject), checked_name(name)
    if user.name == chosen:
        return
    user.name = chosen
    record(events.UserRenamed(subject, chosen))
    db.session.commit()


def change_password(subject: str, current: str, new: str) -> User:
    """Replace a password and end all sessions of that person: the caller starts a new one for the browser that asked."""
    user = db.session.get_one(User, subject)
    if not passwords.verify(user.password_hash, current):
        raise Refused(_("That is not your current password."))
    if not _replaced(user, passwords.hashed(new), commit=False):
        db.session.rollback()
        raise Refused(_("That is not your current password."))
    sessions.end_all(subject)
    record(events.PasswordChanged(subject))
    db.session.commit()
    return user


def _replaced(user: User, new_hash: str, *, commit: bool = True) -> bool:
    """Write a new hash over the one that was verified; False where another request has replaced that meanwhile."""
    verified = user.password_hash
    wanted = update(User).where(User.id == user.id, User.password_hash == verified).values(password_hash=new_hash)
    changed = db.session.execute(wanted.returning(User.id)).first() is not None
    if commit:
        db.session.commit()
    return changed
