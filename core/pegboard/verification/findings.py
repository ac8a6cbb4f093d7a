"""What verification says: a finding has a place, a reason and a remedy; a report has all of them and what was looked at."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from typing import Any, Literal

CHECKS = {
    "boot": "boots with only what it requires, and twice in one process",
    "disabled": "nothing of it is imported while it is not enabled",
    "imports": "no vendor's library is imported at boot",
    "network": "no connection, program or thread is started at boot",
    "writes": "nothing is written at boot outside its folder and the instance folder",
    "settings": "all wrong settings are reported together",
    "secrets": "no secret is shown by a repr, a page, a log or `config show`",
    "migrations": "its migrations go up, down and up again, and agree with its models",
    "prefixes": "tables, URLs, commands, templates and variables carry its name",
    "neighbours": "collides with no builtin and no plugin that this deployment enables",
    "package": "the wheel holds every file of the package",
    "readme": "the README has what, settings, keys and limits",
    "contract": "its tests run the contract suites of what it provides",
}
"""Each check by its word, with what is true when it finds nothing; in the order they are shown."""


@dataclass(frozen=True, slots=True)
class Finding:
    """One thing to mend: `what` is wrong, `where` (a file and line, if it has one), `why` it matters, and the `remedy`.

    A `warning` is for its author to judge, and does not fail the verification.
    """

    check: str
    what: str
    why: str
    remedy: str
    where: str = ""
    level: Literal["error", "warning"] = "error"


@dataclass(frozen=True, slots=True)
class Outcome:
    """What one check came to. `note` says what could not be looked at, or adds a figure."""

    check: str
    findings: tuple[Finding, ...] = ()
    note: str = ""
    skipped: bool = False

    @property
    def state(self) -> str:
        """`ok`, `warning` or `error` by the worst finding; `skipped` where nothing was looked at."""
        levels = {finding.level for finding in self.findings}
        return next((level for level in ("error", "warning") if level in levels), "skipped" if self.skipped else "ok")


@dataclass(slots=True)
class Report:
    """The verification of one plugin. `boot_ms` is the processor time that it adds to a boot, in milliseconds."""

    reference: str
    version: str = ""
    boot_ms: float | None = None
    outcomes: list[Outcome] = field(default_factory=list)

    @property
    def findings(self) -> list[Finding]:
        """Every finding, in the order of the checks."""
        return [finding for outcome in self.outcomes for finding in outcome.findings]

    @property
    def passed(self) -> bool:
        """Whether there is nothing but warnings."""
        return all(finding.level == "warning" for finding in self.findings)

    def as_dict(self) -> Mapping[str, Any]:
        """For JSON."""
        return {
            "plugin": self.reference,
            "version": self.version,
            "passed": self.passed,
            "boot_ms": self.boot_ms,
            "checks": [{"check": one.check, "state": one.state, "note": one.note} for one in self.outcomes],
            "findings": [asdict(finding) for finding in self.findings],
        }
