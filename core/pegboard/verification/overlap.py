"""Whether two URL rules answer some of the same addresses, though the router tells them apart: by trying, with the router."""

from __future__ import annotations

import re
from dataclasses import dataclass

from werkzeug.exceptions import NotFound
from werkzeug.routing import Map, RoutingException
from werkzeug.routing import Rule as RouterRule

from ..rehearsal import normalised

_ARGUMENT = re.compile(r"<(?:(?P<converter>[a-zA-Z_]\w*)(?:\((?P<given>.*?)\))?:)?[a-zA-Z_]\w*>")
_EXAMPLES = {"int": "1", "float": "1.5", "uuid": "6f1d8f4e-9a55-4f5c-8f0b-2f6f6f1f0a10", "path": "a/b"}


@dataclass(frozen=True, slots=True)
class Rule:
    """A rule with its methods, and the host and subdomain it is for."""

    rule: str
    methods: frozenset[str]
    place: str = ""


def overlapping(one: Rule, other: Rule) -> bool:
    """Whether an address that one answers is answered by the other too. Rules that are the same do not overlap: they collide."""
    shared = (one.methods & other.methods) - {"HEAD", "OPTIONS"}
    if one.place != other.place or not shared or normalised(one.rule) == normalised(other.rule):
        return False
    return _answers(one.rule, _example(other.rule)) or _answers(other.rule, _example(one.rule))


def _example(rule: str) -> str:
    return _ARGUMENT.sub(lambda match: _value(match["converter"] or "string", match["given"] or ""), rule)


def _value(converter: str, given: str) -> str:
    if converter == "any":
        return given.partition(",")[0].strip("'\" ")
    return _EXAMPLES.get(converter, "a")


def _answers(rule: str, address: str) -> bool:
    try:
        Map([RouterRule(rule, endpoint="it")], strict_slashes=False).bind("localhost").match(address)
    except (NotFound, LookupError, RoutingException):  # LookupError: a converter of a plugin's own
        return False
    return True
