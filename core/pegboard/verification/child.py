"""What runs in the process that a plugin's code gets for itself: one probe, with its task on the standard input."""

from __future__ import annotations

import json
import os
import sys
from collections.abc import Sequence
from dataclasses import asdict, dataclass, field
from importlib import import_module
from pathlib import Path
from typing import Any

from .findings import Finding
from .subject import Subject, find_subject

CURRENT = "check.txt"


@dataclass(frozen=True, slots=True)
class Task:
    """What a probe is to look at: the plugin, what else is enabled where it is verified, and a folder to work in."""

    subject: Subject
    folder: Path
    neighbours: Sequence[str] = ()

    def begin(self, check: str) -> None:
        """Leave word of what is looked at, for whoever finds this process ended."""
        (self.folder / CURRENT).write_text(check, encoding="utf-8")


@dataclass(slots=True)
class Answer:
    """What a probe found. `notes` are by check; `facts` are for the checks that run no code of the plugin's."""

    findings: list[Finding] = field(default_factory=list)
    notes: dict[str, str] = field(default_factory=dict)
    skipped: dict[str, str] = field(default_factory=dict)
    facts: dict[str, Any] = field(default_factory=dict)

    def add(self, check: str, what: str, why: str, remedy: str, where: str = "", *, warning: bool = False) -> None:
        """Add a finding."""
        self.findings.append(Finding(check, what, why, remedy, where, "warning" if warning else "error"))


def main() -> None:
    """Run one probe and write its answer; whatever the plugin has started ends with this process."""
    order = json.load(sys.stdin)
    sys.path += [path for path in order["paths"] if path not in sys.path]
    target = Path(order["answer"])
    task = Task(find_subject(order["reference"]), Path(order["folder"]), order["neighbours"])
    probe = import_module(f"{__package__}.{order['probe']}").probe
    answer = Answer()
    try:
        probe(task, answer)
    except BaseException as error:  # noqa: BLE001 - also SystemExit: a plugin may end what imports it
        from .lines import of_error

        answer.facts["raised"] = f"{type(error).__name__}: {error}"
        answer.facts["raised_at"] = of_error(task.subject, error)
    target.write_text(json.dumps(asdict(answer), default=str), encoding="utf-8")
    sys.stdout.flush()
    sys.stderr.flush()
    os._exit(0)  # threads that the plugin left behind do not hold it up
