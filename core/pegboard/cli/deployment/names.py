"""Names for a deployment's own plugin, which is a Python package as well: what is wrong with one, in words."""

from __future__ import annotations

import keyword
import re
import sys
from collections.abc import Iterable, Iterator
from importlib.util import find_spec

from ...checks import CORE_COMMANDS
from ...discovery import RESERVED

LONGEST = 30  # characters; tables, variables and files begin with it
_NAME = re.compile(r"[a-z][a-z0-9]*(?:_[a-z0-9]+)*")
_BESIDE = frozenset({"instance", "static", "templates", "tests", "translations", "wsgi"})
_CLASSES = frozenset({"Blueprint", "Entry", "Iterable", "NavItem", "Plugin", "PluginSettings"})


def named_after(folder: str) -> str:
    """The name that a folder's name suggests, whether it is one or not."""
    return re.sub(r"[ .-]+", "_", folder.strip().lower())


def class_of(name: str) -> str:
    """The name of the plugin's class."""
    return "".join(word.title() for word in name.split("_"))


def name_problems(name: str, installed: Iterable[str]) -> Iterator[str]:
    """Why `name` cannot be that of the deployment's own plugin; nothing where it can."""
    if not _NAME.fullmatch(name):
        yield f"{name!r} is no name for a plugin: small letters, digits and single underscores, a letter first"
        return
    if len(name) > LONGEST:
        yield f"{name!r} has {len(name)} characters, and at most {LONGEST} are allowed: tables begin with it"
    if reason := _taken(name, set(installed)):
        yield f"{name!r} is taken: {reason}"


def _taken(name: str, installed: set[str]) -> str:
    if keyword.iskeyword(name):
        return "it is a word of Python"
    if name in RESERVED or name in _BESIDE or name.replace("_", "-") in CORE_COMMANDS or class_of(name) in _CLASSES:
        return "Pegboard itself uses it"
    if name in installed:
        return "an installed plugin is called so"
    if near := [
        other for other in sorted(installed) if f"{other}_".startswith(f"{name}_") or name.startswith(f"{other}_")
    ]:
        return f"its tables could not be told from those of the installed plugin {near[0]!r}"
    if name in sys.stdlib_module_names:
        return "a module of Python is called so"
    found = find_spec(name)
    # Without an origin it is a mere folder of that name, which a package of ours goes before.
    return "an installed package is called so" if found is not None and found.origin is not None else ""
