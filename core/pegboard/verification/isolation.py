"""A process of its own for code that is not trusted to end, to leave the machine alone, or to keep quiet."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from .child import CURRENT, Answer
from .findings import Finding

# What a process needs to run at all. Nothing else of the environment reaches it: there are keys in it.
_PASSED_ON = (
    "PATH", "LANG", "LC_ALL", "LC_CTYPE", "PYTHONPATH", "PYTHONHOME", "PYTHONPYCACHEPREFIX",
    "PYTHONDONTWRITEBYTECODE", "VIRTUAL_ENV", "SYSTEMROOT", "LD_LIBRARY_PATH",
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class Run:
    """The answer of a probe, or None and what became of its process, in words.

    `check` is the last it began; `output` is what it printed.
    """

    answer: Answer | None
    ended: str
    check: str
    output: str


def run_probe(probe: str, reference: str, folder: Path, *, neighbours: tuple[str, ...], seconds: float) -> Run:
    """Run a probe below `folder`, for at most `seconds`; then it and all it has started are ended."""
    for name in ("instance", "home", "tmp"):
        (folder / name).mkdir(parents=True)
    target = folder / "answer.json"
    order = {"probe": probe, "reference": reference, "folder": str(folder), "neighbours": neighbours,
             "answer": str(target), "paths": [str(Path(path).resolve()) for path in sys.path if path]}  # fmt: skip
    ended = _ended(json.dumps(order), folder, seconds)
    check, output = (_text(folder / name) for name in (CURRENT, "output.txt"))
    try:
        read: dict[str, Any] = json.loads(target.read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return Run(None, ended or "ends the process", check, output)
    return Run(Answer(**(read | {"findings": [Finding(**finding) for finding in read["findings"]]})), "", check, output)


def _text(file: Path) -> str:
    return file.read_text(encoding="utf-8", errors="replace") if file.exists() else ""


def _ended(order: str, folder: Path, seconds: float) -> str:
    """Run it; how it ended, in words, unless as it should."""
    command = [sys.executable, "-c", f"from {__package__}.child import main; main()"]
    with (folder / "output.txt").open("wb") as output:
        process = subprocess.Popen(  # noqa: S603 - our own interpreter and module
            command, cwd=folder, env=_environment(folder), stdin=subprocess.PIPE, stdout=output, stderr=output,
            start_new_session=True,
        )  # fmt: skip
        try:
            process.communicate(order.encode(), timeout=seconds)
        except subprocess.TimeoutExpired:
            return f"does not end within {seconds:g} s"
        finally:
            _end(process)
    if process.returncode < 0:
        return f"is ended by {signal.Signals(-process.returncode).name}"
    return f"ends the process with status {process.returncode}" if process.returncode else ""


def _environment(folder: Path) -> dict[str, str]:
    kept = {name: os.environ[name] for name in _PASSED_ON if name in os.environ}
    return kept | {"HOME": str(folder / "home"), "TMPDIR": str(folder / "tmp")}


def _end(process: subprocess.Popen[bytes]) -> None:
    """Whatever is left of its session."""
    with suppress(ProcessLookupError, PermissionError):
        if hasattr(os, "killpg"):
            os.killpg(process.pid, signal.SIGKILL)
        else:
            process.kill()
    process.wait()
