"""`pegboard users`: make accounts, list them, give and take roles."""

from __future__ import annotations

import json
import secrets
import sys
from collections.abc import Callable, Iterable
from functools import wraps
from typing import TYPE_CHECKING, Any, ParamSpec, TypeVar

import click
from flask.cli import with_appcontext

from pegboard.contracts.users import ROLES
from pegboard.errors import Refused
from pegboard.live import current_board

if TYPE_CHECKING:
    from .models import User

P = ParamSpec("P")
R = TypeVar("R")


def commands() -> Iterable[click.Command]:
    """The commands of the group `users`."""
    return (create, list_, grant, revoke)


def _kind(command: Callable[P, R]) -> Callable[P, R]:
    """What is refused, by us or by the database, is an error of the command, in words."""

    @wraps(command)
    def run(*args: P.args, **kwargs: P.kwargs) -> R:
        from sqlalchemy.exc import DBAPIError

        from pegboard.db.words import in_words

        try:
            return command(*args, **kwargs)
        except Refused as error:
            raise click.ClickException(str(error)) from None
        except DBAPIError as error:
            raise click.ClickException(in_words(error, current_board().plan.database_url)) from None

    return run


@click.command()
@click.argument("email")
@click.option("--name", help="What others see; by default what is before the @.")
@click.option("--admin", is_flag=True, help="Give the role admin.")
@click.option("--password-stdin", is_flag=True, help="Read the password from the first line of standard input.")
@with_appcontext
@_kind
def create(email: str, name: str | None, admin: bool, password_stdin: bool) -> None:
    """Make an account. Without --password-stdin a password is made up and shown once."""
    from .service import create_user

    password = sys.stdin.readline().rstrip("\r\n") if password_stdin else secrets.token_urlsafe(15)
    user = create_user(email, name or email.partition("@")[0], password, roles=("admin",) if admin else ())
    click.echo(f"Made the account {user.email}{' with the role admin' if admin else ''}.")
    if not password_stdin:
        click.echo(f"Password (shown this once): {password}")


@click.command("list")
@click.option("--json", "as_json", is_flag=True, help="As a JSON array.")
@with_appcontext
@_kind
def list_(as_json: bool) -> None:
    """List all accounts, the oldest first."""
    from .roles import all_roles
    from .service import all_users

    roles = all_roles()
    rows = [_row(user, ("user", *roles.get(user.id, ()))) for user in all_users()]
    if as_json:
        click.echo(json.dumps(rows, indent=2, ensure_ascii=False))
    elif not rows:
        click.echo("No accounts yet. Make one: pegboard users create EMAIL --admin")
    for row in () if as_json else rows:
        shut = "  (disabled)" if row["disabled"] else ""
        click.echo(f"{row['email']}  {row['name']}  {', '.join(row['roles'])}{shut}")


def _row(user: User, roles: tuple[str, ...]) -> dict[str, Any]:
    return {
        "id": user.id, "email": user.email, "name": user.name, "roles": list(roles),
        "created_at": user.created_at.isoformat(), "disabled": user.disabled_at is not None,
    }  # fmt: skip


@click.command()
@click.argument("email")
@click.argument("role", type=click.Choice(ROLES))
@with_appcontext
@_kind
def grant(email: str, role: str) -> None:
    """Give a role."""
    from . import roles

    user = _known(email)
    given = roles.grant(user, role)
    click.echo(f"{user.email} {'now has' if given else 'already had'} the role {role}.")


@click.command()
@click.argument("email")
@click.argument("role", type=click.Choice(ROLES))
@with_appcontext
@_kind
def revoke(email: str, role: str) -> None:
    """Take a role away; never the last administrator's."""
    from . import roles

    user = _known(email)
    taken = roles.revoke(user, role)
    click.echo(f"{user.email} {'no longer has' if taken else 'did not have'} the role {role}.")


def _known(email: str) -> User:
    from .service import find_user

    user = find_user(email)
    if user is None:
        raise Refused(f"There is no account {email!r}. See them all: pegboard users list")
    return user
