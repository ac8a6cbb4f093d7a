"""Every secret that a deployment knows, from every place it may be written in, also where another value hides it."""

from __future__ import annotations

import json
import re
import tomllib
from collections.abc import Iterator, Mapping
from typing import Any
from urllib.parse import unquote

from pydantic import SecretBytes, SecretStr

from ..board import Plan
from ..observability.redaction import NAME_OF_SECRET, Redactor
from ..resolution import hits
from ..settings import env_names, is_secret, secret_parts
from ..sources import SecretsFolder
from .config import models

_PASSWORD = re.compile(r"://([^/@:\s\"'<>]*):([^/\s\"'<>]*)@")
_GUESSED = 6
"""Characters that a value must have to be taken for a secret because of the name it stands under."""


def redactor(plan: Plan) -> Redactor:
    """What takes the secrets of this deployment out of any text."""
    return Redactor(known_secrets(plan))


def known_secrets(plan: Plan) -> set[str]:
    """Declared secrets, passwords in URLs, what stands under the name of a secret, and what was refused as a setting.

    A name of ours is not taken for a secret because of where it stands: without it no advice can be read.
    """
    written = [*_variables(plan), *_document(plan), *_given(plan)]
    ordinary = {"pegboard", *plan.installed.names, *(entry.name for entry in plan.entries)}
    guessed = {text for name, text in written if NAME_OF_SECRET.search(name)} | set(_refused(plan))
    found = {text for text in _declared(plan) if text}
    found |= {text for text in guessed - ordinary if len(text) >= _GUESSED}
    found |= {text for _, text in written for text in _passwords(text)}
    return found


def _declared(plan: Plan) -> Iterator[str]:
    for table, prefix, model in models(plan):
        for key, info in model.model_fields.items():
            if is_secret(info):
                for raw, _ in hits(plan.sources, table, key, env_names(model, prefix, key)):
                    yield from (text for part in secret_parts(info, raw) for text in _leaves(part))
                if not info.is_required():
                    default = info.get_default(call_default_factory=True)
                    yield from (text for part in secret_parts(info, default) for text in _leaves(part))
    for layer in plan.sources.variables:
        if isinstance(layer, SecretsFolder):
            yield from (text for name in layer.names() if len(text := layer.get(name) or "") >= _GUESSED)
    if plan.board.value is not None:
        yield _kept_key(plan)


def _kept_key(plan: Plan) -> str:
    """The key that was made up outside production."""
    try:
        return (plan.instance_path / "secret_key").read_text(encoding="utf-8").strip()
    except (OSError, UnicodeDecodeError):
        return ""


def _refused(plan: Plan) -> Iterator[str]:
    """Values that are not valid, and those of plugins whose settings are not known: messages may quote them."""
    known = {"pegboard"}
    for resolved in (plan.board, *(entry.settings for entry in plan.entries)):
        if resolved is not None:
            wrong = {problem.key for problem in resolved.problems}
            whole = "" in wrong  # refused by a check of all values together: any may be quoted
            yield from (
                text for key in resolved.found if whole or key in wrong for text in _leaves(resolved.found[key])
            )
    known |= {entry.name for entry in plan.entries if entry.settings is not None}
    for _, tables in plan.sources.tables:
        yield from (text for table in tables.keys() - known for text in _leaves(tables[table]))


def _variables(plan: Plan) -> Iterator[tuple[str, str]]:
    for layer in plan.sources.variables:
        yield from ((name, text) for name in layer.names() if (text := layer.get(name)))


def _document(plan: Plan) -> Iterator[tuple[str, str]]:
    """The whole file, with the overlays of all environments."""
    if plan.sources.file is None:
        return
    try:
        yield from _named(tomllib.loads(plan.sources.file.read_text(encoding="utf-8")), "")
    except (OSError, ValueError):
        return


def _given(plan: Plan) -> Iterator[tuple[str, str]]:
    yield from _named(plan.sources.given, "")


def _named(value: Any, name: str) -> Iterator[tuple[str, str]]:
    if isinstance(value, Mapping):
        for key, item in value.items():
            yield from _named(item, str(key))
    else:
        yield from ((name, text) for text in _leaves(value))


def _leaves(value: Any) -> Iterator[str]:
    """The texts in a value: a variable may hold a list, as JSON or with commas."""
    if isinstance(value, SecretStr | SecretBytes):
        value = value.get_secret_value()
    if isinstance(value, Mapping):
        yield from (text for item in value.values() for text in _leaves(item))
    elif isinstance(value, list | tuple | set | frozenset):
        yield from (text for item in value for text in _leaves(item))
    elif isinstance(value, bytes):
        yield value.decode("utf-8", "replace")
    elif value is not None and not isinstance(value, bool):
        yield str(value)
        yield from _parts(str(value))


def _parts(text: str) -> Iterator[str]:
    if text.lstrip().startswith(("[", "{")):
        try:
            yield from _leaves(json.loads(text))
        except ValueError:
            return
    elif "," in text:
        yield from (part.strip() for part in text.split(","))


def _passwords(text: str) -> Iterator[str]:
    """Of each URL the password, encoded and not, and what basic authentication makes of it; and the URL itself."""
    for user, password in _PASSWORD.findall(text):
        if password:
            yield from (text, password, unquote(password))
            yield f"{unquote(user)}:{unquote(password)}"
