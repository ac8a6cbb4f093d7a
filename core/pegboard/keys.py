"""The keys that a board signs with, and everything secret that it knows: what no log and no page may show."""

from __future__ import annotations

import os
import re
import secrets
from collections.abc import Iterable, Iterator
from contextlib import suppress
from pathlib import Path
from urllib.parse import unquote

from .board import Plan
from .errors import ConfigError, Problem
from .settings import secrets_in

_PASSWORD = re.compile(r"://[^/@:\s]*:([^/\s]*)@|[?&]password=([^&\s]+)")


def signing_keys(plan: Plan) -> tuple[str, ...]:
    """The key and its fallbacks. Outside production a key is made up once and kept in the instance folder."""
    settings = plan.settings
    older = tuple(key.get_secret_value() for key in settings.secret_key_fallbacks)
    if settings.secret_key is not None:
        return (settings.secret_key.get_secret_value(), *older)
    if settings.env == "test":
        return (secrets.token_urlsafe(48), *older)
    try:
        return (_kept_key(plan.instance_path / "secret_key"), *older)
    except OSError as error:
        raise ConfigError([_unwritable(plan, error)]) from error


def known_secrets(plan: Plan, keys: Iterable[str]) -> Iterator[str]:
    """The keys, the secrets among the settings, and the password of the database."""
    yield from keys
    for resolved in (plan.board, *(entry.settings for entry in plan.active)):
        if resolved is not None and resolved.value is not None:
            yield from secrets_in(resolved.value)
    for found in _PASSWORD.findall(plan.settings.database_url or ""):
        yield from (spelling for password in found if password for spelling in (password, unquote(password)))


def _kept_key(file: Path) -> str:
    """The key in that file, made up by the first process that asks; the others wait for no lock and read the same."""
    if not file.exists():
        file.parent.mkdir(parents=True, exist_ok=True)
        draft = file.with_name(f"{file.name}.{secrets.token_hex(8)}")
        draft.touch(mode=0o600)
        draft.write_text(secrets.token_urlsafe(48), encoding="utf-8")
        with suppress(FileExistsError):
            os.link(draft, file)
        draft.unlink()
    return file.read_text(encoding="utf-8").strip()


def _unwritable(plan: Plan, error: OSError) -> Problem:
    message = f"the board cannot write there: {error.strerror}"
    source = str(plan.board.origins.get("instance_path", ""))
    remedy = "make the folder writable for the user that runs the board, or set PEGBOARD_INSTANCE_PATH"
    return Problem(f"{message} ({error.filename})", key="instance_path", source=source, remedy=remedy)
