"""`pegboard work`: do what has to happen later, look at it, and set to work again what failed."""

from __future__ import annotations

import getpass
import json
import socket
import sys
from datetime import UTC, datetime, timedelta
from typing import Any

import click
from flask import current_app
from flask.cli import with_appcontext

from ..errors import PegboardError
from ..live import current_board

json_option = click.option("--json", "as_json", is_flag=True, help="As JSON, one array or object.")


def _known_status(ctx: click.Context, param: click.Parameter, given: str | None) -> str | None:
    from ..settings import suggestion
    from ..work.models import STATUSES

    if given is not None and given not in STATUSES:
        raise click.BadParameter(f"{given!r}: {suggestion(given, STATUSES)}")
    return given


status_option = click.option(
    "--status",
    callback=_known_status,
    help="Only these: waiting, pending, leased, done, dead, parked, ignored.",
)


@click.group()
def work() -> None:
    """Do what has to happen later, look at it, and set to work again what failed."""


@work.command()
@click.option("--processes", type=click.IntRange(1, 64), default=1, show_default=True, help="How many workers.")
@with_appcontext
def run(processes: int) -> None:
    """Work until stopped. SIGTERM and Ctrl-C let what is in hand finish for 7 seconds, then others get it."""
    from ..work.drivers.processes import run_workers
    from .run import say_what_is_off

    app: Any = current_app._get_current_object()  # type: ignore[attr-defined]
    say_what_is_off(app)
    require_tables()
    noun = "worker works" if processes == 1 else "workers work"
    click.echo(f"{processes} {noun}. Stop with Ctrl-C.", err=True)
    sys.exit(run_workers(app, processes))


@work.command("list")
@status_option
@click.option("--queue", help="Only of this queue.")
@click.option("--handler", help="Only of this handler, as in shop.user_registered.")
@click.option("--limit", type=click.IntRange(1, 10_000), default=50, show_default=True, help="At most so many.")
@json_option
@with_appcontext
def list_(status: str | None, queue: str | None, handler: str | None, limit: int, as_json: bool) -> None:
    """List what is not finished, the newest first; with --status also what is."""
    _listed(as_json, status=status, queue=queue, handler=handler, limit=limit)


@work.command()
@click.option("--handler", help="Only of this handler.")
@click.option("--limit", type=click.IntRange(1, 10_000), default=50, show_default=True, help="At most so many.")
@json_option
@with_appcontext
def dead(handler: str | None, limit: int, as_json: bool) -> None:
    """List what has failed for good, with its errors. Exit code 1 if there is any."""
    if _listed(as_json, status="dead", handler=handler, limit=limit, errors=True):
        sys.exit(1)


@work.command()
@click.argument("item_id", type=int, metavar="ID")
@json_option
@with_appcontext
def show(item_id: int, as_json: bool) -> None:
    """Show all of one item: what it carries, its error, how far it is, and who set it to work again."""
    from ..work.looking import detailed
    from .showing_work import as_data, described

    require_tables()
    detail = detailed(item_id)
    if detail is None:
        raise PegboardError(f"there is no work {item_id}\n    → pegboard work list")
    click.echo(json.dumps(as_data(detail), indent=2, ensure_ascii=False) if as_json else described(detail))


@work.command()
@click.argument("ids", type=int, nargs=-1, metavar="[ID]…")
@click.option("--dead", "all_dead", is_flag=True, help="Everything that is dead.")
@click.option("--handler", help="With --dead: only of this handler.")
@click.option("--since", help="With --dead: only what died since then, as in 2h, 3d or 2026-03-01.")
@click.option("--by", help="Who asks, for the audit trail. By default you on this machine.")
@click.option("--dry-run", is_flag=True, help="Only say what would be set to work.")
@click.option("--yes", is_flag=True, help="Do not ask.")
@json_option
@with_appcontext
def replay(
    ids: tuple[int, ...],
    all_dead: bool,
    handler: str | None,
    since: str | None,
    by: str | None,
    dry_run: bool,
    yes: bool,
    as_json: bool,
) -> None:
    """Set items to work again from their first try: those with an ID, or with --dead what has failed for good."""
    from ..work.replaying import dead_ids
    from ..work.replaying import replay as again

    if bool(ids) == all_dead or ((handler or since) and not all_dead):
        raise click.UsageError("say which: one ID or more, or --dead, which --handler and --since narrow down")
    require_tables()
    chosen = list(ids) if ids else list(dead_ids(handler, moment(since) if since else None))
    if chosen and not dry_run and not yes and not as_json:
        click.confirm(f"Set {len(chosen)} to work again? What they do at providers they may do twice.", abort=True)
    done = chosen if dry_run else again(chosen, by or asking())
    if as_json:
        click.echo(json.dumps({"replayed": done, "dry_run": dry_run}))
    elif not done:
        click.echo("Nothing to do: nothing is dead.")
    else:
        verb = "Would set" if dry_run else "Set"
        click.echo(f"{verb} to work again: {', '.join(map(str, done))}.")


def _listed(as_json: bool, *, errors: bool = False, **which: Any) -> int:
    from ..work.looking import counted, found
    from .showing_work import line

    require_tables()
    rows = found(**which)
    if as_json:
        click.echo(json.dumps(rows, indent=2, ensure_ascii=False))
        return len(rows)
    for row in rows:
        click.echo(line(row, errors=errors))
    numbers = ", ".join(f"{number} {status}" for status, number in counted().items() if number)
    click.echo(f"{'' if rows else 'Nothing to show. '}In all: {numbers or 'no work yet'}.", err=not rows)
    return len(rows)


def asking() -> str:
    """Who types this, for the audit trail."""
    return f"{getpass.getuser()}@{socket.gethostname()}"


def require_tables() -> None:
    """PegboardError where this board has no database, or one whose tables are behind."""
    from ..migrations import pending

    plan = current_board().plan
    if not plan.uses_database:
        raise PegboardError("this board has no database, and so nothing to do later\n    → set DATABASE_URL")
    if behind := pending(plan, plan.database_url):
        raise PegboardError(f"migrations are pending for {', '.join(behind)}\n    → pegboard db upgrade")


def moment(words: str) -> int:
    """Milliseconds of a time: `2h` and `3d` ago, or a date or time as in ISO 8601, UTC where it says nothing."""
    units = {"m": "minutes", "h": "hours", "d": "days"}
    try:
        if words[-1:] in units and words[:-1].isdigit():
            moment = datetime.now(UTC) - timedelta(**{units[words[-1]]: int(words[:-1])})
        else:
            moment = datetime.fromisoformat(words)
    except (ValueError, OverflowError):
        raise click.BadParameter(f"{words!r}: write 30m, 2h, 3d or 2026-03-01", param_hint="--since") from None
    return int((moment if moment.tzinfo else moment.replace(tzinfo=UTC)).timestamp() * 1000)
