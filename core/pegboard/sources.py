"""Where configuration is read from: code, the environment, a secrets folder, `.env` and `pegboard.toml`."""

from __future__ import annotations

import os
import tomllib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from .errors import Problem

Tables = Mapping[str, Mapping[str, Any]]
ENVIRONMENTS = ("development", "test", "production")
SANDBOX_SETTINGS = "settings.toml"
"""The file in which the sandbox says how its servers are reached, below `sandbox/` in the instance folder."""
_LARGEST_SECRET = 65_536


class Variables:
    """One layer of variables by name: the environment or `.env`."""

    def __init__(self, label: str, values: Mapping[str, str | None]) -> None:
        self.label = label
        self._values = values

    def get(self, name: str) -> str | None:
        return self._values.get(name)

    def names(self) -> list[str]:
        """The variables that are set here."""
        return list(self._values)


class SecretsFolder(Variables):
    """A folder with one file per variable, named like it in capitals or small letters, as container platforms mount."""

    def __init__(self, folder: Path, problems: list[Problem]) -> None:
        super().__init__(f"{folder}", {})
        self._problems = problems
        self._files: dict[str, Path] = {}
        try:
            self._files = {p.name.upper(): p for p in folder.iterdir() if p.is_file()} if folder.is_dir() else {}
        except OSError as error:
            why = f"the secrets cannot be read: {error.strerror}"
            problems.append(Problem(why, source=f"{folder}", remedy="let the user that runs the board read the folder"))

    def names(self) -> list[str]:
        return list(self._files)

    def get(self, name: str) -> str | None:
        path = self._files.get(name.upper())
        if path is None:
            return None
        try:
            if path.stat().st_size > _LARGEST_SECRET:
                raise OSError(f"it is larger than {_LARGEST_SECRET} bytes")
            return path.read_text(encoding="utf-8").strip()
        except (OSError, UnicodeDecodeError) as error:
            why = "it is not UTF-8 text" if isinstance(error, UnicodeDecodeError) else str(error.strerror or error)
            problem = Problem(
                f"the secret cannot be read: {why}", key=name, source=str(path), remedy="correct the file"
            )
            if problem not in self._problems:
                self._problems.append(problem)
            return None


@dataclass(frozen=True, slots=True)
class Sources:
    """Everything settings are looked up in. Relative paths in them are relative to `folder`."""

    folder: Path
    file: Path | None = None
    given: Tables = field(default_factory=dict, repr=False)
    variables: tuple[Variables, ...] = ()
    tables: tuple[tuple[str, Tables], ...] = field(default=(), repr=False)
    problems: Sequence[Problem] = ()
    """What is wrong with them; grows when an unreadable secret is asked for."""
    unread: Problem | None = None
    """Why nothing of the file, of `.env` or of the secrets is known: other settings than this deployment's apply then."""

    def variable(self, name: str) -> str | None:
        """The strongest value of a variable, wherever it is."""
        return next((value for layer in self.variables if (value := layer.get(name))), None)

    def table_value(self, table: str, key: str) -> Any:
        """The strongest value of a key of the TOML file or of what was given in code, unvalidated."""
        layers = [self.given, *(tables for _, tables in self.tables)]
        return next((layer[table][key] for layer in layers if key in layer.get(table, {})), None)


def given_sources(given: Tables, folder: Path | None = None) -> Sources:
    """Only what the caller hands over: neither the environment nor a file is looked at."""
    return Sources(folder=folder or Path.cwd(), given=given)


def read_sources(
    config: Path | None = None, *, environ: Mapping[str, str] | None = None, given: Tables | None = None
) -> Sources:
    """Read `config`, by default `PEGBOARD_CONFIG` or `./pegboard.toml`, with the `.env` beside it. Raises nothing."""
    environ = os.environ if environ is None else environ
    named = config or (Path(environ["PEGBOARD_CONFIG"]) if environ.get("PEGBOARD_CONFIG") else None)
    file = (named or Path("pegboard.toml")).resolve()
    problems: list[Problem] = []
    document = _read_toml(file, problems, required=named is not None)
    folder = file.parent
    layers = [Variables("the environment", environ)]
    dotenv = _read_dotenv(folder / ".env", problems)
    secrets = environ.get("PEGBOARD_SECRETS_DIR") or (dotenv or {}).get("PEGBOARD_SECRETS_DIR") or "/run/secrets"
    layers.append(SecretsFolder(folder / secrets, problems))
    if dotenv is not None:
        layers.append(Variables(".env", dotenv))
    unread = next(iter(problems), None)
    name = _setting(given or {}, "env")
    name = name or next((value for layer in layers if (value := layer.get("PEGBOARD_ENV"))), None)
    name = name or _setting(document, "env") or "development"
    tables = _layers(file.name, document, str(name), problems)
    if name == "development":
        instance = next((value for layer in layers if (value := layer.get("PEGBOARD_INSTANCE_PATH"))), None)
        instance = (
            instance or _setting(given or {}, "instance_path") or _setting(document, "instance_path") or "instance"
        )
        tables += _sandbox(folder / str(instance) / "sandbox" / SANDBOX_SETTINGS)
    return Sources(folder, file if file.exists() else None, given or {}, tuple(layers), tables, problems, unread)


def _setting(tables: Mapping[str, Any], key: str) -> Any:
    board = tables.get("pegboard", {})
    return board.get(key) if isinstance(board, Mapping) else None


def _read_toml(file: Path, problems: list[Problem], *, required: bool) -> dict[str, Any]:
    try:
        return tomllib.loads(file.read_text(encoding="utf-8"))
    except FileNotFoundError:
        if required:
            problems.append(
                Problem("the configuration file does not exist", source=str(file), remedy="correct PEGBOARD_CONFIG")
            )
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        problems.append(Problem(f"not valid TOML: {error}", source=str(file), remedy="correct the file at that place"))
    except OSError as error:
        problems.append(
            Problem(f"cannot be read: {error.strerror}", source=str(file), remedy="correct its permissions")
        )
    return {}


def _sandbox(file: Path) -> tuple[tuple[str, Tables], ...]:
    """What the sandbox has left, weaker than all that a person has written. Another process may be writing it."""
    try:
        return (("the sandbox's settings", tomllib.loads(file.read_text(encoding="utf-8"))),)
    except (OSError, ValueError):
        return ()


def _read_dotenv(file: Path, problems: list[Problem]) -> Mapping[str, str | None] | None:
    if not file.is_file():
        return None
    from dotenv import dotenv_values

    try:
        return dotenv_values(file, interpolate=False)
    except (OSError, UnicodeDecodeError) as error:
        problems.append(Problem(f"cannot be read: {error}", source=str(file), remedy="correct the file"))
        return None


def _layers(label: str, document: dict[str, Any], env: str, problems: list[Problem]) -> tuple[tuple[str, Tables], ...]:
    """The overlay of this environment before the plain tables. What is not a table is a problem."""
    overlays = document.pop("env", {})
    if not isinstance(overlays, dict):
        problems.append(Problem("'env' must be a table", key="env", source=label, remedy=f"write [env.{env}.pegboard]"))
        overlays = {}
    problems += [
        Problem(
            f"no environment is called {name!r}", key="env", source=label, remedy=f"one of: {', '.join(ENVIRONMENTS)}"
        )
        for name in overlays
        if name not in ENVIRONMENTS
    ]
    layers = []
    for name, tables in ((f"[env.{env}] of {label}", overlays.get(env, {})), (label, document)):
        found = tables if isinstance(tables, dict) else {env: tables}
        problems += [
            Problem(
                f"{key!r} must be a table", key=key, source=name, remedy=f"write it below [{key}] or below [pegboard]"
            )
            for key, value in found.items()
            if not isinstance(value, dict)
        ]
        layers.append((name, {key: value for key, value in found.items() if isinstance(value, dict)}))
    return tuple(layers)
