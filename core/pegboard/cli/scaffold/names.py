"""Names for plugins that do not exist yet: what is wrong with one, in words."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from importlib.util import find_spec

from ...checks import CORE_COMMANDS
from ...discovery import RESERVED

LONGEST = 30  # characters; files, variables and tables begin with it
_NAME = re.compile(r"[a-z][a-z0-9]*(?:_[a-z0-9]+)*")


def name_problems(name: str, installed: Iterable[str]) -> Iterator[str]:
    """Why `name` cannot be a plugin's, beside the plugins that are installed; nothing where it can."""
    if not _NAME.fullmatch(name):
        near = _near(name)
        hint = f"; how about {near}?" if near else ""
        yield f"{name!r} is no name for a plugin: small letters, digits and single underscores, a letter first{hint}"
        return
    if name.startswith("pegboard_"):
        yield f"leave pegboard out of the name: {name.removeprefix('pegboard_')} is packaged as {name} anyway"
    if name.startswith("test"):
        yield "the name begins with test, so pytest would take the plugin's classes for tests"
    if len(name) > LONGEST:
        yield f"the name has {len(name)} characters, and at most {LONGEST} are allowed: tables and variables begin with it"
    if name in RESERVED or name.replace("_", "-") in CORE_COMMANDS:
        taken = ", ".join(sorted({*RESERVED, *CORE_COMMANDS}))
        yield f"{name!r} is reserved, as are: {taken}"
    yield from _clashes(name, sorted(installed))


def _clashes(name: str, installed: Iterable[str]) -> Iterator[str]:
    for other in installed:
        if other == name:
            yield f"a plugin {name!r} is installed already"
            return
        if other.startswith(f"{name}_") or name.startswith(f"{other}_"):
            yield f"its tables could not be told from those of the installed plugin {other!r}: begin the name otherwise"
    if find_spec(f"pegboard_{name}") is not None:
        yield f"there is a package pegboard_{name} already"


def _near(name: str) -> str:
    """The name that was probably meant, or nothing."""
    words = re.findall(r"[a-z0-9]+", re.sub(r"(?<=[a-z0-9])(?=[A-Z])", " ", name).lower())
    near = "_".join(words).lstrip("0123456789_")
    return near if _NAME.fullmatch(near) else ""
