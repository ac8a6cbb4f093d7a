"""URL rules that learn to build their URLs when the first one is asked for. Most are only ever matched, or not used at all."""

from __future__ import annotations

from collections.abc import Callable
from typing import cast

from werkzeug.routing import Rule

Build = Callable[..., tuple[str, str]]


class LazyRule(Rule):
    """Werkzeug compiles two functions for each rule as it is added, half a millisecond: here each waits for its first call."""

    def _compile_builder(self, append_unknown: bool = True) -> Build:
        compiled = super()._compile_builder
        name = "_build_unknown" if append_unknown else "_build"

        def build(rule: Rule, /, **values: str) -> tuple[str, str]:
            bound = cast(Build, compiled(append_unknown).__get__(rule, None))
            setattr(rule, name, bound)
            return bound(**values)

        return build
