"""Visible strings in the reader's language: gettext catalogues of the core and of plugins, merged per language."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import UTC, datetime
from gettext import NullTranslations, translation
from pathlib import Path

from flask import current_app, g, has_app_context, has_request_context, request

EXTENSION = "pegboard.translations"
DOMAIN = "messages"


class Catalogues:
    """The translations of a board. Files are read on the first use of a language; plugins override the core."""

    def __init__(self, folders: Sequence[Path], locales: Sequence[str]) -> None:
        self.locales = tuple(locales)
        self._folders = tuple(folders)
        self._loaded: dict[str, NullTranslations] = {}

    def get(self, locale: str) -> NullTranslations:
        """The merged catalogue of a language; the strings themselves where there is none."""
        if locale not in self._loaded:
            merged: NullTranslations = NullTranslations()
            for folder in self._folders:
                found = translation(DOMAIN, folder, [locale], fallback=True)
                found.add_fallback(merged)
                merged = found
            self._loaded[locale] = merged
        return self._loaded[locale]


def current_locale() -> str:
    """The language of this request: the best of those on offer; outside a request the default."""
    catalogues: Catalogues = current_app.extensions[EXTENSION]
    if len(catalogues.locales) == 1 or not has_request_context():
        return catalogues.locales[0]
    if "pegboard_locale" not in g:
        g.pegboard_locale = _best(catalogues.locales)
    found: str = g.pegboard_locale
    return found


def _best(locales: Sequence[str]) -> str:
    """The reader's favourite: someone who asks for de-AT before en gets de where that is on offer."""
    offered = {locale.lower().replace("_", "-"): locale for locale in locales}
    for tag in request.accept_languages.values():
        wanted = tag.lower().replace("_", "-")
        found = offered.get(wanted) or offered.get(wanted.partition("-")[0])
        if found:
            return found
    return locales[0]


def _catalogue() -> NullTranslations:
    """The reader's; outside a board, whose messages are themselves, an empty one."""
    catalogues: Catalogues | None = current_app.extensions.get(EXTENSION) if has_app_context() else None
    return catalogues.get(current_locale()) if catalogues else NullTranslations()


def gettext(message: str, **values: object) -> str:
    """The message in the reader's language, `%(name)s` replaced by values."""
    text = _catalogue().gettext(message)
    return text % values if values else text


def ngettext(singular: str, plural: str, num: int, **values: object) -> str:
    """The singular or plural message for `num`, which it may show as `%(num)s`."""
    return _catalogue().ngettext(singular, plural, num) % {"num": num, **values}


def format_datetime(value: datetime) -> str:
    """A date and time as the reader's language writes them, in UTC."""
    from babel.dates import format_datetime as written

    return written(value.astimezone(UTC), "d MMM y, HH:mm 'UTC'", locale=current_locale().replace("-", "_"))


def lazy_gettext(message: str) -> Callable[[], str]:
    """A message for a place that is read at boot and shown later: call it per request."""
    return lambda: gettext(message)
