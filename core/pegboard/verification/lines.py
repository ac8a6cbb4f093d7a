"""Where in an author's files something is written: a class, one of its methods, a field of its settings."""

from __future__ import annotations

import ast
import inspect
import traceback
from pathlib import Path
from textwrap import dedent
from typing import Any

from ..settings import SettingsModel
from .subject import Subject


def of_member(subject: Subject, kind: type[Any], name: str) -> str:
    """The method of a class, or the class where it has no such method of its own."""
    member = vars(kind).get(name)
    code = getattr(inspect.unwrap(member), "__code__", None) if callable(member) else None
    if code is not None:
        return subject.place(Path(code.co_filename), code.co_firstlineno)
    return of_class(subject, kind)


def of_class(subject: Subject, kind: type[Any]) -> str:
    """The line a class begins on; its module where the source is not there."""
    try:
        path = Path(inspect.getfile(kind))
        return subject.place(path, inspect.getsourcelines(kind)[1])
    except (OSError, TypeError):
        return kind.__module__


def of_field(subject: Subject, model: type[SettingsModel], key: str) -> str:
    """The line of a setting, in whichever class of the hierarchy it is declared."""
    for kind in model.__mro__:
        if key in vars(kind).get("__annotations__", {}):
            try:
                source, first = inspect.getsourcelines(kind)
                body = ast.parse(dedent("".join(source))).body[0]
            except (OSError, TypeError, SyntaxError):
                return of_class(subject, kind)
            for statement in getattr(body, "body", ()):
                if isinstance(statement, ast.AnnAssign) and getattr(statement.target, "id", "") == key:
                    return subject.place(Path(inspect.getfile(kind)), first + statement.lineno - 1)
    return of_class(subject, model)


def of_error(subject: Subject, error: BaseException) -> str:
    """The innermost line of the plugin's that an error came through."""
    frames = traceback.extract_tb(error.__traceback__)
    for frame in reversed(frames):
        path = Path(frame.filename)
        if path.resolve().is_relative_to(subject.home):
            return subject.place(path, frame.lineno or 0)
    return ""
