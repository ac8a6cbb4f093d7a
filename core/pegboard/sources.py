"""Where configuration is read from: code, the environment, a secrets folder, `.env` and `pegboard.toml`."""

from __future__ import annotations

import os
import tomllib
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from .errors import Problem

Tables = Mapping[str, Mapping[str, Any]]
_LARGEST_SECRET = 65_536


class Variables:
    """One layer of variables by name: the environment or `.env`."""

    def __init__(self, label: str, values: Mapping[str, str | None]) -> None:
        self.label = label
        self._values = values

    def get(self, name: str) -> str | None:
        return self._values.get(name)


class SecretsFolder(Variables):
    """A folder with one file per variable, named like it in capitals or small letters, as container platforms mount."""

    def __init__(self, folder: Path) -> None:
        super().__init__(f"{folder}", {})
        self._files = {p.name.upper(): p for p in folder.iterdir() if p.is_file()} if folder.is_dir() else {}

    def get(self, name: str) -> str | None:
        path = self._files.get(name.upper())
        if path is None or path.stat().st_size > _LARGEST_SECRET:
            return None
        return path.read_text(encoding="utf-8").strip()


@dataclass(frozen=True, slots=True)
class Sources:
    """Everything settings are looked up in. Relative paths in them are relative to `folder`."""

    folder: Path
    file: Path | None = None
    given: Tables = field(default_factory=dict)
    variables: tuple[Variables, ...] = ()
    tables: tuple[tuple[str, Tables], ...] = ()
    problems: tuple[Problem, ...] = ()

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
    layers.append(SecretsFolder(folder / secrets))
    if dotenv is not None:
        layers.append(Variables(".env", dotenv))
    name = next((value for layer in layers if (value := layer.get("PEGBOARD_ENV"))), None)
    name = (
        name or (given or {}).get("pegboard", {}).get("env") or document.get("pegboard", {}).get("env", "development")
    )
    tables = _layers(file.name, document, str(name), problems)
    return Sources(folder, file if file.exists() else None, given or {}, tuple(layers), tables, tuple(problems))


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
    overlay = overlays.get(env, {}) if isinstance(overlays, dict) else overlays
    layers = []
    for name, tables in ((f"[env.{env}] of {label}", overlay), (label, document)):
        wrong = (
            [key for key, value in tables.items() if not isinstance(value, dict)] if isinstance(tables, dict) else [env]
        )
        problems += [
            Problem(
                f"{key!r} must be a table", key=key, source=name, remedy=f"write it below [{key}] or below [pegboard]"
            )
            for key in wrong
        ]
        if isinstance(tables, dict):
            layers.append((name, {key: value for key, value in tables.items() if isinstance(value, dict)}))
    return tuple(layers)
