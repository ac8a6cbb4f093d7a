"""The check `readme`: what the plugin is for, every setting, where keys come from, and what it cannot do."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from typing import NamedTuple

from .findings import Finding, Outcome
from .subject import Subject

_WORDS_OF_WHAT = 5
_SETTINGS, _KEYS, _LIMITS = r"setting|configur", r"key|credential|token|account|secret", r"limit|not supported"
_UNWRITTEN = re.compile(r"\b(FILL IN|TODO|TBD):")
_WHY = "It is the first page anyone sees of the plugin, and for many the only one."


class Page(NamedTuple):
    """A README: where it is, and its text."""

    place: str
    text: str


def check_readme(subject: Subject, settings: Sequence[str], keys: Sequence[str]) -> Outcome:
    """`settings` are those the plugin adds; `keys` those of them that somebody has to get from somewhere."""
    page = readme_of(subject)
    if page is None:
        if subject.distribution is None and subject.project is None:
            return Outcome("readme", note="it is no distribution", skipped=True)
        where = subject.place(subject.home)
        return Outcome("readme", (Finding("readme", "there is no README", _WHY, "write README.md", where),))
    found = [Finding("readme", what, _WHY, remedy, where) for what, remedy, where in _lacking(page, settings, keys)]
    return Outcome("readme", tuple(found))


def readme_of(subject: Subject) -> Page | None:
    """The README beside the plugin's code, else of its project, else as its distribution carries it."""
    folders = [subject.home if subject.home.is_dir() else None, None if subject.in_core else subject.project]
    for folder in filter(None, folders):
        for path in sorted(folder.glob("README*")):
            return Page(subject.place(path), path.read_text(encoding="utf-8", errors="replace"))
    carried = subject.distribution.metadata if subject.distribution and not subject.in_core else None
    text = str(carried.get_payload()) if carried else ""  # type: ignore[attr-defined]
    return Page("the long description of its distribution", text) if text.strip() else None


def _lacking(page: Page, settings: Sequence[str], keys: Sequence[str]) -> Iterator[tuple[str, str, str]]:
    head = re.split(r"^##", page.text, maxsplit=1, flags=re.MULTILINE)[0]
    prose = re.sub(r"^#.*$", "", re.sub(r"```.*?```", "", head, flags=re.DOTALL), flags=re.MULTILINE)
    if len(prose.split()) < _WORDS_OF_WHAT:
        yield (
            "it does not say what the plugin is for",
            "begin with a sentence on what it does, and for whom",
            f"{page.place}:1",
        )
    if settings:
        yield from _settings(page, settings)
    if keys and not _line(page, _KEYS):
        remedy = f"a section Keys: how to get {', '.join(keys)}, step by step, with the rights they need"
        yield "it does not say how to get the keys", remedy, page.place
    if not _line(page, _LIMITS):
        yield (
            "it does not say what the plugin cannot do",
            "a section Limits: what was not tried, what is left out",
            page.place,
        )
    lines = [number for number, line in enumerate(page.text.splitlines(), 1) if _UNWRITTEN.search(line)]
    if lines:
        yield (
            f"it has {len(lines)} {'place' if len(lines) == 1 else 'places'} still to be written",
            "write them",
            f"{page.place}:{lines[0]}",
        )


def _settings(page: Page, settings: Sequence[str]) -> Iterator[tuple[str, str, str]]:
    line = _line(page, _SETTINGS)
    missing = [key for key in settings if not re.search(rf"`{key}`|^{key} *=|\| *{key} *\|", page.text, re.MULTILINE)]
    if not line:
        yield "it has no section about the settings", "a section Settings with a table of them", page.place
    elif missing:
        remedy = "a row for each: its variables, its default, and what it is for"
        yield f"it does not name the settings {', '.join(missing)}", remedy, f"{page.place}:{line}"


def _line(page: Page, words: str) -> int:
    """The line of the heading with one of these words; 0 where there is none."""
    for number, line in enumerate(page.text.splitlines(), 1):
        if re.match(rf"#{{1,4}} .*({words})", line, re.IGNORECASE):
            return number
    return 0
