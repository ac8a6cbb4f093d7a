"""`pegboard webhooks`: what others have posted and what became of it, and setting it to work again."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click
from flask.cli import with_appcontext

from ..errors import PegboardError
from .plan import json_option, print_json
from .work import asking, moment, require_tables, status_option

if TYPE_CHECKING:
    from ..webhooks.looking import Chosen

source_option = click.option("--source", help="Only from this source.")


@click.group()
def webhooks() -> None:
    """Look at what others have posted, and set it to work again."""


@webhooks.command("list")
@source_option
@click.option("--type", "type_", help="Only what is of this type.")
@status_option
@click.option("--limit", type=click.IntRange(1, 10_000), default=20, show_default=True, help="At most so many.")
@json_option
@with_appcontext
def list_(source: str | None, type_: str | None, status: str | None, limit: int, as_json: bool) -> None:
    """List what came, the newest first, with what became of it."""
    from ..webhooks.looking import found
    from .showing_webhooks import line

    require_tables()
    rows = found(source=source, type_=type_, status=status, limit=limit)
    if as_json:
        print_json(rows)
        return
    for row in rows:
        click.echo(line(row))
    if not rows:
        click.echo(f"Nothing to show. {_addresses()}", err=True)


@webhooks.command()
@click.argument("id_", metavar="ID")
@source_option
@click.option("--body", is_flag=True, help="Only the body, byte for byte.")
@json_option
@with_appcontext
def show(id_: str, source: str | None, body: bool, as_json: bool) -> None:
    """Show all of one webhook, by the id that its sender gave it or by its number in the list."""
    from ..work.looking import detailed
    from .showing_webhooks import as_webhook, described

    require_tables()
    detail = detailed(_one(id_, source))
    if detail is None:
        raise _unknown(id_)
    if body and detail.item.payload is None:
        raise PegboardError(f"the body of {id_} was purged, only what became of it is kept")
    if body:
        click.echo(detail.item.payload or b"", nl=False)
    elif as_json:
        print_json(as_webhook(detail))
    else:
        click.echo(described(detail))


@webhooks.command()
@click.option(
    "--id", "ids", multiple=True, metavar="ID", help="This one, by its sender's id or its number. May be repeated."
)
@click.option("--since", help="Everything that came since then and has ended, as in 2h, 3d or 2026-03-01.")
@click.option("--type", "type_", help="Everything of this type that has ended.")
@click.option("--dead", is_flag=True, help="Only what has failed for good.")
@source_option
@click.option("--by", help="Who asks, for the audit trail. By default you on this machine.")
@click.option("--dry-run", is_flag=True, help="Only say what would be set to work.")
@click.option("--yes", is_flag=True, help="Do not ask.")
@json_option
@with_appcontext
def replay(
    ids: tuple[str, ...],
    since: str | None,
    type_: str | None,
    dead: bool,
    source: str | None,
    by: str | None,
    dry_run: bool,
    yes: bool,
    as_json: bool,
) -> None:
    """Set webhooks to work again from their first try, the oldest first. The others narrow each other down.

    Exit code 1 where one that was named with --id cannot be.
    """
    from ..webhooks.looking import among, ended

    if bool(ids) == bool(since or type_ or dead):
        raise click.UsageError("say which: --id once or more, or --since, --type, --dead, which narrow each other down")
    require_tables()
    if ids:
        chosen = among([_one(id_, source) for id_ in dict.fromkeys(ids)])
    else:
        chosen = ended(source=source, type_=type_, since=moment(since) if since else None, dead=dead)
    if chosen.ids and not (dry_run or yes or as_json):
        click.confirm(f"Set {len(chosen.ids)} to work again? What they do elsewhere they may do twice.", abort=True)
    done = chosen.ids if dry_run else _replayed(chosen.ids, by or asking())
    if as_json:
        print_json({"replayed": done, "dry_run": dry_run, "purged": chosen.purged, "unhandled": chosen.unhandled})
    else:
        _say(done, chosen, "Would set" if dry_run else "Set")
    if ids and (chosen.purged or chosen.unhandled):
        raise SystemExit(1)


def _replayed(ids: list[int], by: str) -> list[int]:
    from ..progress import Progress
    from ..work.replaying import CannotReplay
    from ..work.replaying import replay as again

    progress, done = Progress(), list[int]()
    for number in ids:
        progress.show(f"{len(done)} of {len(ids)} …")
        try:
            done += again([number], by)
        except CannotReplay as error:
            progress.clear()
            click.secho(str(error), err=True, fg="red")
            if len(ids) == 1:
                raise SystemExit(1) from None
    progress.clear()
    return done


def _say(done: list[int], chosen: Chosen, verb: str) -> None:
    if not done:
        click.echo("Nothing to do: nothing that can be set to work again is like that.")
    elif len(done) > 20:
        click.echo(f"{verb} to work again: {len(done)} webhooks.")
    else:
        click.echo(f"{verb} to work again: {', '.join(map(str, done))}.")
    if chosen.purged:
        click.secho(
            f"{chosen.purged} cannot be: what they carried was purged. Ask the sender to post them again under new ids.",
            err=True, fg="red",
        )  # fmt: skip
    if chosen.unhandled:
        click.secho(f"{chosen.unhandled} cannot be: nobody here handles what is of their type.", err=True, fg="red")


def _one(id_: str, source: str | None) -> int:
    from ..webhooks.looking import numbers_of

    numbers = numbers_of(id_, source)
    if not numbers:
        raise _unknown(id_)
    if len(numbers) > 1:
        raise PegboardError(f"{len(numbers)} sources have posted a webhook {id_}\n    → say which: --source")
    return numbers[0]


def _unknown(id_: str) -> PegboardError:
    return PegboardError(
        f"no webhook {id_} has come\n    → pegboard webhooks list, or say --source where its plugin is off"
    )


def _addresses() -> str:
    from ..live import current_board

    board = current_board()
    if not board.webhook_sources:
        return "No enabled plugin has a source of webhooks."
    return (
        f"They come to {', '.join(board.external_url(f'/webhooks/{name}') for name in sorted(board.webhook_sources))}"
    )
