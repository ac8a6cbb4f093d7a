"""What a database refuses, in words: which database, what is wrong, and what to do. Never with a password or a row."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from sqlalchemy import URL, exc, make_url

from pegboard.errors import PegboardError

_REMEDIES = (
    ("database is locked", "another process has been writing for long: wait for it, or stop it"),
    (
        "unable to open database file",
        "see that the file, its folder and its disk are there and may be read and written",
    ),
    ("readonly database", "make the file and its folder writable for the user that runs the board"),
    ("disk is full", "make room on the disk"),
    ("not a database", "this is another file, or a damaged one: restore it, or correct DATABASE_URL"),
    ("malformed", "the file is damaged: restore it from a backup"),
    ("no such table", "create the tables: pegboard db upgrade"),
    ("undefinedtable", "create the tables: pegboard db upgrade"),
    ("refused", "start the database server, or correct host and port in DATABASE_URL"),
    (
        "queuepool limit",
        "more was asked at once than [pegboard] database_connections allow: raise it, or see what is slow",
    ),
    ("statement timeout", "it took longer than [pegboard] database_timeout: see what is slow, or raise it"),
    ("timeout", "see whether the database server is overloaded or cannot be reached"),
    ("authentication", "correct user and password in DATABASE_URL"),
    ("dependentobjects", "drop or change what depends on it first"),
    ("already exists", "where the table is older than the plugin: pegboard db adopt"),
    ("does not exist", "create it, or correct DATABASE_URL"),
)


def in_words(error: exc.SQLAlchemyError, url: str | URL | None = None) -> str:
    """One sentence and a remedy."""
    original = getattr(error, "orig", None)
    said = (str(original or error).strip().splitlines() or [type(error).__name__])[0]
    if type(original).__name__ == "DependentObjectsStillExist":  # its details are names of tables and views, of no row
        said = " ".join(str(original).partition("\nHINT:")[0].split())
    sought = f"{type(original).__name__} {original or error}".lower()
    remedy = next((remedy for word, remedy in _REMEDIES if word in sought), "see the database's own log")
    return f"{_name(url)}: {said}\n    → {remedy}"


def _name(url: str | URL | None) -> str:
    if url is None:
        return "the database"
    parsed = make_url(url)
    if parsed.get_backend_name() == "sqlite":
        return f"the database {parsed.database}"
    return f"the database {parsed.database} at {parsed.host or 'localhost'}{f':{parsed.port}' if parsed.port else ''}"


@contextmanager
def failures_in_words(url: str | URL) -> Iterator[None]:
    """Turns what the database refuses in this block into a PegboardError."""
    try:
        yield
    except exc.DBAPIError as error:
        raise PegboardError(in_words(error, url)) from error
