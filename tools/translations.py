"""`make translations`: what there is to translate in the core and in each plugin, and what has been translated of it.

Below each package's `translations/` it writes `messages.pot`, brings every `<language>/LC_MESSAGES/messages.po` up to it
and compiles that to the `.mo` beside it, which boards read. `ARGS="--add de"` begins a language.
"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from babel import Locale, UnknownLocaleError
from babel.messages.catalog import Catalog, Message, TranslationError
from babel.messages.extract import DEFAULT_KEYWORDS, extract_from_dir
from babel.messages.frontend import parse_mapping_cfg
from babel.messages.mofile import write_mo
from babel.messages.pofile import read_po, write_po

from pegboard.i18n import DOMAIN
from tools.manifest import ROOT, plugin_folders

_KEYWORDS = {**DEFAULT_KEYWORDS, "lazy_gettext": None}


@dataclass(frozen=True, slots=True)
class Package:
    """A package with messages of its own; `folder` is where its modules are."""

    name: str
    folder: Path

    @property
    def translations(self) -> Path:
        return self.folder / "translations"

    @property
    def template(self) -> Path:
        return self.translations / f"{DOMAIN}.pot"

    def language(self, name: str) -> Path:
        """The file in which a language's translations are written."""
        return self.translations / name / "LC_MESSAGES" / f"{DOMAIN}.po"

    def languages(self) -> list[str]:
        """The languages that have been begun."""
        return sorted(path.parent.parent.name for path in self.translations.glob(f"*/LC_MESSAGES/{DOMAIN}.po"))


def packages() -> Iterator[Package]:
    """The core, with the builtins, and every plugin of this repository."""
    yield Package("pegboard", ROOT / "core/pegboard")
    yield from (Package(folder.name, folder / f"pegboard_{folder.name}") for folder in plugin_folders())


def extracted(package: Package) -> Catalog:
    """Every message that the package's code and templates mark, with the files it is in."""
    catalog = _begun(package)
    with (ROOT / "babel.cfg").open(encoding="utf-8") as file:
        methods, options = parse_mapping_cfg(file)  # type: ignore[no-untyped-call]
    found = extract_from_dir(package.folder, methods, options, keywords=_KEYWORDS)
    for place, line, message, comments, context in found:
        catalog.add(message, None, [(place, line)], auto_comments=comments, context=context)
    return catalog


def _begun(package: Package, language: str | None = None) -> Catalog:
    about = f"# {package.name} in {language}." if language else f"# What there is to translate in {package.name}."
    return Catalog(
        locale=language, header_comment=about, project=package.name, version="(from the source)", fuzzy=False
    )


def renew(package: Package, add: Sequence[str] = ()) -> Iterator[str]:
    """Write the template, bring each language up to it and compile it; a line for people about each."""
    template = extracted(package)
    if not len(template):
        yield f"{package.name}: there is nothing to translate"
        return
    _write(package.template, template)
    yield f"{package.name}: {len(template)} messages"
    for language in sorted({*package.languages(), *add}):
        file = package.language(language)
        catalog = _read(file, language) if file.exists() else _begun(package, language)
        catalog.update(template, update_creation_date=False)
        _write(file, catalog)
        yield f"  {language}: {_compile(file, catalog)}"


def faults(package: Package) -> Iterator[str]:
    """What would break a page: translations whose placeholders are not those of the message."""
    for language in package.languages():
        for message, errors in _broken(_read(package.language(language), language)):
            yield f"{package.name}, {language}: {_text(message.id)!r}: {errors[0]}"


def _broken(catalog: Catalog) -> Iterator[tuple[Message, list[TranslationError]]]:
    yield from ((message, errors) for message, errors in catalog.check() if any(_strings(message.string)))


def _compile(file: Path, catalog: Catalog) -> str:
    """Write the compiled catalogue; how much of it is translated."""
    for message, _ in _broken(catalog):
        message.flags.add("fuzzy")  # left out of what boards read, so that no page breaks
    with file.with_suffix(".mo").open("wb") as target:
        write_mo(target, catalog)
    messages = [message for message in catalog if message.id]
    done = [message for message in messages if message.string and all(_strings(message.string)) and not message.fuzzy]
    unsure = sum(message.fuzzy for message in messages)
    return f"{len(done)} of {len(messages)} translated" + (f", {unsure} to be looked at (fuzzy)" if unsure else "")


def _read(file: Path, language: str) -> Catalog:
    with file.open("rb") as source:
        return read_po(source, locale=language, abort_invalid=True)


def _write(file: Path, catalog: Catalog) -> None:
    file.parent.mkdir(parents=True, exist_ok=True)
    with file.open("wb") as target:
        write_po(target, catalog, sort_by_file=True, include_lineno=False)


def _strings(text: str | Iterable[str] | None) -> Iterable[str]:
    return [text] if isinstance(text, str) else text or ()


def _text(message: str | Iterable[str]) -> str:
    return next(iter(_strings(message)))


def main(arguments: Sequence[str] | None = None) -> int:
    """Renew everything. The exit code is 1 where a translation would break a page."""
    parser = argparse.ArgumentParser(
        prog="python -m tools.translations", description=(__doc__ or "").partition("\n")[0]
    )
    parser.add_argument(
        "--add", metavar="LANGUAGE", action="append", default=[], help="begin a language, as in de or pt_BR"
    )
    added = parser.parse_args(arguments).add
    for language in added:
        try:
            Locale.parse(language)
        except (ValueError, UnknownLocaleError):
            parser.error(f"{language!r} is no language: write it as in de or pt_BR")
    wrong: list[str] = []
    for package in packages():
        for line in renew(package, added):
            print(line)
        wrong += faults(package)
    for line in wrong:
        print(f"wrong placeholders, left out: {line}", file=sys.stderr)
    return 1 if wrong else 0


if __name__ == "__main__":
    sys.exit(main())
