"""Runs the checks of one plugin: first whether it boots, then, a few at a time, what needs that."""

from __future__ import annotations

import tempfile
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor, as_completed
from pathlib import Path
from typing import Any

from .findings import CHECKS, Finding, Outcome, Report
from .isolation import Run, run_probe
from .package import package_findings
from .readme import check_readme
from .subject import Subject, find_subject
from .suites import check_contract

PROBES = {
    "alone": ("boot", "imports", "network", "writes"),
    "configuring": ("settings", "secrets"),
    "histories": ("migrations",),
    "company": ("disabled", "prefixes", "neighbours"),
    "building": ("package",),
}
"""Each module that runs a plugin's code, with the checks that it makes."""

_AT_ONCE = 2
_ENDED = "A plugin that ends, blocks or breaks the process of a board takes everyone's pages with it."


def verify(
    reference: str,
    *,
    only: Sequence[str] = (),
    neighbours: Sequence[str] = (),
    seconds: float = 60,
    told: Callable[[Outcome], None] = lambda outcome: None,
) -> Report:
    """Verify an installed plugin, or one named as module:Class. ConfigError or PegboardError where there is none.

    `only`: these checks. `neighbours`: what is enabled beside it. `seconds`: the most that one process may take.
    `told` hears of each check as it ends.
    """
    subject = find_subject(reference)
    report = Report(subject.reference, subject.version)
    wanted = set(only) or set(CHECKS)
    with tempfile.TemporaryDirectory(prefix="pegboard-verify-", ignore_cleanup_errors=True) as folder:
        work = _Work(subject, Path(folder).resolve(), tuple(neighbours), seconds)
        for outcome in work.outcomes(wanted):
            report.outcomes.append(outcome)
            told(outcome)
    order = list(CHECKS)
    report.outcomes.sort(key=lambda outcome: order.index(outcome.check))
    report.boot_ms = work.facts.get("boot_ms")
    return report


class _Work:
    """The checks of one subject, and what the first of them found out for the others."""

    def __init__(self, subject: Subject, folder: Path, neighbours: tuple[str, ...], seconds: float) -> None:
        self._subject, self._folder, self._neighbours, self._seconds = subject, folder, neighbours, seconds
        self.facts: dict[str, Any] = {}

    def outcomes(self, wanted: set[str]) -> Iterator[Outcome]:
        """One for each wanted check, as they end."""
        if wanted - set(PROBES["building"]):  # only the building of a wheel needs no board
            alone = self._run("alone")
            self.facts = alone.answer.facts if alone.answer else {}
            yield from self._of_probe("alone", alone, wanted)
        probes = [name for name, checks in PROBES.items() if name != "alone" and wanted & set(checks)]
        reasons = {name: reason for name in probes if (reason := self._obstacle(name))}
        for name, reason in reasons.items():
            yield from (Outcome(check, note=reason, skipped=True) for check in PROBES[name] if check in wanted)
        with ThreadPoolExecutor(_AT_ONCE) as pool:
            running = {pool.submit(self._run, name): name for name in probes if name not in reasons}
            for done in as_completed(running):
                yield from self._of_probe(running[done], done.result(), wanted)
        yield from self._of_files(wanted)

    def _obstacle(self, probe: str) -> str:
        """Why a probe cannot be made, or need not."""
        if probe == "building":
            return "" if self._subject.project else "it is not built from a folder on this machine"
        if not self.facts.get("boots"):
            return "it does not boot"
        return "" if probe != "histories" or self.facts["migrates"] else "it has no tables"

    def _run(self, probe: str) -> Run:
        folder = self._folder / probe
        return run_probe(probe, self._subject.reference, folder, neighbours=self._neighbours, seconds=self._seconds)

    def _of_probe(self, probe: str, run: Run, wanted: set[str]) -> Iterator[Outcome]:
        checks = [check for check in PROBES[probe] if check in wanted]
        answer = run.answer
        if answer is None or "raised" in answer.facts:
            what, where = (answer.facts["raised"], answer.facts["raised_at"]) if answer else (run.ended, "")
            broken = run.check or PROBES[probe][0]
            yield _broken(broken, what, where, run.output)
            yield from (Outcome(check, note="it ended before", skipped=True) for check in checks if check != broken)
            return
        found = list(answer.findings)
        if probe == "building" and "names" in answer.facts:
            found += package_findings(self._subject, answer.facts["names"], described=answer.facts["described"])
        for check in checks:
            note = answer.skipped.get(check) or answer.notes.get(check, "")
            findings = tuple(finding for finding in found if finding.check == check)
            yield Outcome(check, findings, note, skipped=check in answer.skipped)

    def _of_files(self, wanted: set[str]) -> Iterator[Outcome]:
        """The checks that run no code of the plugin's; what they look for, only a class that could be imported tells."""
        if "readme" in wanted:
            yield check_readme(self._subject, self.facts.get("settings", ()), self.facts.get("keys", ()))
        if "contract" in wanted:
            yield check_contract(self._subject, self.facts.get("provides", ()))


def _broken(check: str, what: str, where: str, output: str) -> Outcome:
    last = (output.strip().splitlines() or [""])[-1][:200]
    said = f"; the last it printed is: {last}" if last else ""
    return Outcome(check, (Finding(check, f"{what}{said}", _ENDED, "correct the plugin at that place", where),))
