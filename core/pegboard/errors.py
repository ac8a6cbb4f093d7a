"""Every error that Pegboard raises.

PegboardError
├── ConfigError        the deployment is wrong: carries every problem found, never swallowed
├── BoardFrozen        something was added to a board after it had booted
├── Refused            a plugin said no; its message is for the person who asked
├── BadSignature       a webhook does not come from whom it claims; `reason` is a word to count by
└── ProviderError      a provider failed; `permanent` and `retry_after` say whether to try again
    ├── NotFound       the provider has no such object
    └── RateLimited    the provider wants to be left alone for a while
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass


class PegboardError(Exception):
    """The root of the tree."""


@dataclass(frozen=True, slots=True)
class Problem:
    """One thing wrong with a deployment.

    `message` says what is wrong, `plugin` and `key` where, `source` where the value came from (a file, a variable),
    `remedy` what to do. None of them ever holds a secret's value.
    """

    message: str
    plugin: str = "pegboard"
    key: str = ""
    source: str = ""
    remedy: str = ""

    def __str__(self) -> str:
        where = f"{self.plugin}.{self.key}" if self.key else self.plugin
        origin = f" (from {self.source})" if self.source else ""
        remedy = f"\n    → {self.remedy}" if self.remedy else ""
        return f"{where}: {self.message}{origin}{remedy}"


class Dangling(Problem):
    """A name that nothing enabled brings. Where a plugin could not be loaded, that one may be to blame, and has been."""


class ConfigError(PegboardError):
    """The board cannot boot. `problems` lists everything that is wrong, not only the first thing."""

    def __init__(self, problems: Iterable[Problem]) -> None:
        self.problems = tuple(problems)
        count = len(self.problems)
        heading = "1 problem keeps" if count == 1 else f"{count} problems keep"
        super().__init__("\n".join([f"{heading} the board from booting:", *(f"  {p}" for p in self.problems)]))


class BoardFrozen(PegboardError):
    """Contributions are collected once, at boot; the message names the hook to use instead."""


class Refused(PegboardError):
    """A plugin vetoed what was asked. The message is shown to the person who asked."""


class BadSignature(PegboardError):
    """A webhook is not, or not now, from whom it claims. Whoever posted it reads `reason` alone.

    `reason` is `missing`, `malformed`, `wrong`, `too_old`, `too_new`, or a word of a verifier's own.
    """

    def __init__(self, reason: str, message: str = "") -> None:
        self.reason = reason
        super().__init__(message or reason)


class ProviderError(PegboardError):
    """A provider could not do what it was asked.

    `permanent`: trying again cannot help. `retry_after`: seconds to wait before the next try, when the provider said so.
    The message names the provider and the operation and holds no secret; people never see it, logs do.
    """

    def __init__(
        self,
        message: str,
        *,
        provider: str = "",
        operation: str = "",
        permanent: bool = False,
        retry_after: float | None = None,
    ) -> None:
        self.provider, self.operation = provider, operation
        self.permanent, self.retry_after = permanent, retry_after
        where = " ".join(part for part in (provider, operation) if part)
        super().__init__(f"{where}: {message}" if where else message)


class NotFound(ProviderError):
    """The provider has no object of that key."""

    def __init__(self, message: str, *, provider: str = "", operation: str = "") -> None:
        super().__init__(message, provider=provider, operation=operation, permanent=True)


class RateLimited(ProviderError):
    """The provider was asked too often. `retry_after` is how many seconds to leave it alone.

    Work that meets it waits for so long without using up a try, and so does everything else its handler has to do.
    """

    def __init__(self, message: str, *, provider: str, operation: str = "", retry_after: float) -> None:
        super().__init__(message, provider=provider, operation=operation, retry_after=retry_after)
