"""Every error that Pegboard raises.

PegboardError
├── ConfigError        the deployment is wrong: carries every problem found, never swallowed
├── BoardFrozen        something was added to a board after it had booted
├── Refused            a plugin said no; its message is for the person who asked
├── BadSignature       a webhook does not come from whom it claims; `reason` is a word to count by
└── ProviderError      a provider failed; `permanent` and `retry_after` say whether to try again
    ├── NotFound       the provider has no such object
    ├── RateLimited    the provider has had enough for now; `retry_after` says until when
    ├── SignInAgain    its tokens are of no use any more: whoever signed in must do so again
    └── Unreachable    it gave no answer, or none that was whole and in time
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
    `status`: its answer's, where it was one of HTTP. The message names the provider and the operation and holds no secret; people never see it, logs do.
    """

    def __init__(
        self,
        message: str,
        *,
        provider: str = "",
        operation: str = "",
        permanent: bool = False,
        retry_after: float | None = None,
        status: int | None = None,
    ) -> None:
        self.provider, self.operation = provider, operation
        self.permanent, self.retry_after, self.status = permanent, retry_after, status
        where = " ".join(part for part in (provider, operation) if part)
        super().__init__(f"{where}: {message}" if where else message)


class NotFound(ProviderError):
    """The provider has no object of that key."""

    def __init__(self, message: str, *, provider: str = "", operation: str = "", status: int | None = None) -> None:
        super().__init__(message, provider=provider, operation=operation, permanent=True, status=status)


class RateLimited(ProviderError):
    """The provider takes no more for now: leave it alone for `retry_after` seconds, where it said how long.

    Work that meets it waits for so long without using up a try, and so does everything else its handler has to do.
    """


class SignInAgain(ProviderError):
    """The provider no longer takes the tokens that it gave, and they are dropped: somebody has to sign in there again."""

    def __init__(self, message: str, *, provider: str = "", operation: str = "", status: int | None = None) -> None:
        super().__init__(message, provider=provider, operation=operation, permanent=True, status=status)


class Unreachable(ProviderError):
    """No answer, or none that was whole and in time. What was asked may have been done all the same."""
