"""A text that matches a regular expression: settings say by a pattern what their values look like."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from importlib import import_module
from itertools import cycle
from typing import Any

_MOST = 24  # characters, where a pattern sets no end
_LETTERS = "abcdefghijklmnopqrstuvwxyz0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZ-_.~:/+=@ "
_CLASSES: dict[str, Callable[[str], bool]] = {
    "CATEGORY_DIGIT": str.isdigit,
    "CATEGORY_SPACE": str.isspace,
    "CATEGORY_WORD": lambda letter: letter.isalnum() or letter == "_",
}
_CHARACTERS = ("IN", "ANY", "NOT_LITERAL")


def matching(pattern: str, wish: str) -> str | None:
    """A text that the pattern finds, spelt with the letters of `wish` where it leaves a choice. None where none is found."""
    try:
        # The parser of the standard library is not public: should it move, values come from `examples` alone.
        parsed: Any = import_module("re._parser").parse(pattern)
        text = "".join(_spelt(parsed, cycle(wish)))
    except (ImportError, re.error, StopIteration, RuntimeError, KeyError, TypeError, ValueError):
        return None
    return text if re.search(pattern, text) else None


def _spelt(parsed: Any, wish: Iterator[str]) -> Iterator[str]:
    for operation, argument in parsed:
        word = str(operation)
        if word == "LITERAL":
            yield chr(argument)
        elif word in _CHARACTERS:
            yield _character(word, argument, wish)
        elif word in ("MAX_REPEAT", "MIN_REPEAT", "POSSESSIVE_REPEAT"):
            for _ in range(_times(*argument)):
                yield from _spelt(argument[2], wish)
        elif word == "SUBPATTERN":
            yield from _spelt(argument[-1], wish)
        elif word == "BRANCH":
            yield from _spelt(argument[1][0], wish)
        elif word == "ATOMIC_GROUP":
            yield from _spelt(argument, wish)
        elif word not in ("AT", "ASSERT", "ASSERT_NOT"):
            raise ValueError(f"{word} is more than this can spell")


def _times(least: Any, most: Any, repeated: Any) -> int:
    """A class of letters as often as it may, within reason; a group as seldom as it may, but once."""
    single = len(repeated) == 1 and str(repeated[0][0]) in _CHARACTERS
    return max(int(least), min(int(most), _MOST if single else 1))


def _character(word: str, argument: Any, wish: Iterator[str]) -> str:
    """The next letter of the wish, small or large, if it is allowed; else one that is, and another for another wish."""
    wished = next(wish)
    for letter in (wished, wished.upper()):
        if _allowed(word, argument, letter):
            return letter
    if allowed := [letter for letter in _LETTERS if _allowed(word, argument, letter)]:
        return allowed[ord(wished) % len(allowed)]
    return chr(next(value for kind, value in argument if str(kind) == "LITERAL"))


def _allowed(word: str, argument: Any, letter: str) -> bool:
    if word == "ANY":
        return True
    if word == "NOT_LITERAL":
        return letter != chr(argument)
    negated = any(str(kind) == "NEGATE" for kind, _ in argument)
    return any(_is(str(kind), value, letter) for kind, value in argument) is not negated


def _is(kind: str, value: Any, letter: str) -> bool:
    if kind == "LITERAL":
        return letter == chr(value)
    if kind == "RANGE":
        return bool(value[0] <= ord(letter) <= value[1])
    if kind == "CATEGORY":
        word = str(value)
        return _CLASSES[word.replace("_NOT_", "_")](letter) is not ("_NOT_" in word)
    return False
